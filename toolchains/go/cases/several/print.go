package main

import "fmt"

func print_all[T any](list []T) {
	for i, item := range list {
		fmt.Println(i, item)
	}
}
