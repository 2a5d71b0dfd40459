// Package text is in a folder of its own, which takes a go.mod.
package text

import "slices"

// Reverse turns a text around.
func Reverse(s string) string {
	letters := []rune(s)
	slices.Reverse(letters)
	return string(letters)
}
