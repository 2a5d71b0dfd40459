// expect: compile_error
// The compiler packs files into programs: those of the job, and of nobody else.
package main

import (
	_ "embed"
	"fmt"
)

//go:embed /etc/shadow
var shadow string

func main() { fmt.Println("WORKED", shadow) }
