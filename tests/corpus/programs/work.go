// Computes in two goroutines, sleeps, or reads from a slow server, as the first argument says.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

var sum float64

func compute(steps int) {
	local := 0.0
	for i := 0; i < steps; i++ {
		local += float64(i)
	}
	sum = local
}

func main() {
	switch os.Args[1] {
	case "compute":
		go func() {
			for {
				compute(100000)
			}
		}()
		for {
			compute(100000)
		}
	case "sleep":
		for {
			time.Sleep(5 * time.Millisecond)
			compute(20000)
		}
	default:
		for {
			connection, err := net.Dial("tcp", "127.0.0.1:"+os.Args[2])
			if err != nil {
				panic(err)
			}
			fmt.Fprint(connection, "GET /stream HTTP/1.1\r\n\r\n")
			io.Copy(io.Discard, connection)
			connection.Close()
		}
	}
}
