// expect: success
// holds: done
// Commands in comments are for authors, and nobody runs them; cgo is not there to be given flags.
package main

//go:generate sh -c "echo WORKED > /tmp/generated; echo WORKED > generated"

import (
	"fmt"
	"os"
)

func main() {
	for _, path := range []string{"/tmp/generated", "generated"} {
		if _, fault := os.Stat(path); fault == nil {
			fmt.Println("WORKED")
		}
	}
	fmt.Println("done")
}
