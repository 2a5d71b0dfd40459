package main

import (
	"os"
	"strconv"
	"strings"
)

func read(name string) (numbers []int) {
	text, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	for _, word := range strings.Fields(string(text)) {
		number, _ := strconv.Atoi(word)
		numbers = append(numbers, number)
	}
	return
}
