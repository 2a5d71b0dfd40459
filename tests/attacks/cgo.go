// expect: compile_error
// A C compiler that takes its flags from the source.
package main

// #cgo CFLAGS: -fplugin=/tmp/x.so
// #cgo LDFLAGS: -Wl,@/etc/shadow
import "C"

func main() {}
