// expect: memory_limit or error
// limits: {"memory_mb": 96}
// Goroutines without end, each with a stack of its own.
package main

func main() {
	block := make(chan int)
	for {
		go func() {
			var space [4096]byte
			space[0] = 1
			block <- int(space[0])
		}()
	}
}
