// A panic is told on stderr with the program's own file and line; the code is 2.
package main

import (
	"fmt"
	"os"
)

func main() {
	defer fmt.Println("deferred")
	fmt.Fprintln(os.Stderr, "before")
	var list []int
	fmt.Println(list[len(os.Args)+2])
}
