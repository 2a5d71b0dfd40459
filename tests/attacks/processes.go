// expect: success
// holds: done
// Starts programs, traces them, and looks for a way out of its namespaces.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	attributes := []*syscall.SysProcAttr{
		{Cloneflags: syscall.CLONE_NEWUSER},
		{Cloneflags: syscall.CLONE_NEWNS},
		{Cloneflags: syscall.CLONE_NEWNET},
		{Chroot: "/tmp"},
		{Credential: &syscall.Credential{Uid: 0, Gid: 0}},
	}
	for n, attribute := range attributes {
		command := exec.Command("/bin/true")
		command.SysProcAttr = attribute
		if command.Run() == nil {
			fmt.Println("WORKED:", n)
		}
	}
	if syscall.PtraceAttach(1) == nil {
		fmt.Println("WORKED: the agent")
	}
	for _, address := range []string{"127.0.0.1:22", "172.17.0.1:2375", "1.1.1.1:53", "[::1]:80", "example.org:80"} {
		if _, fault := net.DialTimeout("tcp", address, 300*time.Millisecond); fault == nil {
			fmt.Println("WORKED:", address)
		}
	}
	for _, path := range []string{"/etc/shadow", "/proc/1/environ", "/proc/kcore", "/var/run/docker.sock", "/runnel/../proc/1/mem"} {
		if _, fault := os.Open(path); fault == nil {
			fmt.Println("WORKED:", path)
		}
	}
	fmt.Println("done")
}
