// expect: compile_error or timeout or memory_limit
// limits: {"compile_ms": 5000}
// An array that fills the address space, initialised.
package main

var all = [1 << 40]int{1: 1}

func main() { println(all[5]) }
