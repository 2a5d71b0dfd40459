// expect: timeout
// limits: {"time_ms": 400}
// Panics, recovers, panics.
package main

func again() {
	defer func() { recover() }()
	panic("again")
}

func main() {
	for {
		again()
	}
}
