package main

import (
	_ "embed"
	"fmt"
)

//go:embed motto.txt
var motto string

func main() {
	fmt.Print(motto)
}
