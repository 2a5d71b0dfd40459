package main

import (
	"flag"
	"fmt"
)

func main() {
	times := flag.Int("times", 1, "how often")
	flag.Parse()
	for range *times {
		fmt.Printf("%q\n", flag.Args())
	}
}
