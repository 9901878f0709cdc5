// Centrifuge, the library that Centrifugo is made of: one publication a room and window, its JSON protocol.
package main

import (
	"bufio"
	"bytes"
	"context"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/centrifugal/centrifuge"
)

func main() {
	window, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: ""}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
			answer(centrifuge.SubscribeReply{}, nil)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	go feed(node, os.Args[2], time.Duration(window)*time.Millisecond)
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin: func(*http.Request) bool { return true },
	}))
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

func feed(node *centrifuge.Node, port string, window time.Duration) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		lines, ended := make(chan [2]string, 1024), make(chan string, 1024)
		go batch(node, lines, ended, window)
		scanner := bufio.NewScanner(connection)
		scanner.Buffer(make([]byte, 65536), 65536)
		for scanner.Scan() {
			room, event, _ := bytes.Cut(scanner.Bytes(), []byte("\t"))
			lines <- [2]string{string(room), string(event)}
		}
		close(lines)
	}
}

func batch(node *centrifuge.Node, lines chan [2]string, ended chan string, window time.Duration) {
	waiting := map[string][]byte{}
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
			if _, err := node.Publish(room, append(waiting[room], ']')); err != nil {
				log.Print(err)
			}
			delete(waiting, room)
		}
	}
}
