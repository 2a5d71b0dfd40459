package main

import "os"

func main() {
	print_all(read("numbers.txt"))
	os.Exit(4)
}
