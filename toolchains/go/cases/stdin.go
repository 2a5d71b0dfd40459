package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	input := bufio.NewScanner(os.Stdin)
	var words []string
	for input.Scan() {
		words = append(words, strings.Fields(input.Text())...)
	}
	slices.Sort(words)
	fmt.Println(len(words), strings.Join(words, ","))
}
