// Package feed reads the producer's lines and collects a room's events for a window, as every server of the bench does.
package feed

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"net"
	"time"
)

// Batch is what a room is to be sent: a JSON array of its window's events.
type Batch struct {
	Room string
	Data []byte
}

// Serve listens on a port and gives the batches whose windows have ended to publish, as many as there are by then.
func Serve(port string, window time.Duration, publish func([]Batch)) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening")
	due := make(chan Batch, 4096)
	go hand(due, publish)
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		lines := make(chan [2]string, 1024)
		go collect(lines, due, window)
		scanner := bufio.NewScanner(connection)
		scanner.Buffer(make([]byte, 65536), 65536)
		for scanner.Scan() {
			room, event, _ := bytes.Cut(scanner.Bytes(), []byte("\t"))
			lines <- [2]string{string(room), string(event)}
		}
		close(lines)
	}
}

func collect(lines chan [2]string, due chan Batch, window time.Duration) {
	waiting, ended := map[string][]byte{}, make(chan string, 4096)
	for {
		select {
		case line, open := <-lines:
			if !open {
				return
			}
			room, event := line[0], line[1]
			if data, ok := waiting[room]; ok {
				waiting[room] = append(append(data, ','), event...)
				continue
			}
			waiting[room] = append([]byte{'['}, event...)
			time.AfterFunc(window, func() { ended <- room })
		case room := <-ended:
			due <- Batch{room, append(waiting[room], ']')}
			delete(waiting, room)
		}
	}
}

func hand(due chan Batch, publish func([]Batch)) {
	for one := range due {
		ready := []Batch{one}
		for len(due) > 0 {
			ready = append(ready, <-due)
		}
		publish(ready)
	}
}
