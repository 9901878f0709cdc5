// Centrifuge, the library that Centrifugo is made of: one publication a room and window, its JSON protocol.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"scanserve/realtimepeers/feed"

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
	go feed.Serve(os.Args[2], time.Duration(window)*time.Millisecond, func(ready []feed.Batch) {
		for _, batch := range ready {
			if _, err := node.Publish(batch.Room, batch.Data); err != nil {
				log.Print(err)
			}
		}
	})
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin: func(*http.Request) bool { return true },
	}))
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
