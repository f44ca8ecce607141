// Go programs that hang, each in a different way: go.go CASE. Each prints its pid.
package main

import (
	"fmt"
	"os"
	"time"
)

func wait(never chan int) { <-never }

func spin() {
	for {
	}
}

func main() {
	never := make(chan int)
	for i := 0; i < 2000; i++ {
		go wait(never)
	}
	if len(os.Args) == 2 && os.Args[1] == "spin" {
		go spin()
	} else if len(os.Args) != 2 || os.Args[1] != "channel" {
		fmt.Println("usage: go.go channel|spin")
		os.Exit(2)
	}
	go time.Sleep(time.Hour) // or Go itself finds that all goroutines sleep
	time.Sleep(200 * time.Millisecond)
	fmt.Println(os.Getpid())
	wait(never)
}
