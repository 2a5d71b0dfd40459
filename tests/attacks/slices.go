// expect: memory_limit or error
// limits: {"memory_mb": 96}
// Slices that double.
package main

func main() {
	var all [][]byte
	for size := 1 << 20; ; size += size / 2 {
		piece := make([]byte, size)
		for n := 0; n < size; n += 4096 {
			piece[n] = 1
		}
		all = append(all, piece)
	}
}
