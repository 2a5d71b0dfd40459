package main

import (
	"fmt"

	"example.com/greeter/text"
)

func main() {
	fmt.Println(text.Reverse("module"))
}
