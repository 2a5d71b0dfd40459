package main

import "testing"

func TestRead(t *testing.T) {}
