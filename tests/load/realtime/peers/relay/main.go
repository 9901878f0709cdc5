// The way into Centrifugo, which has no batching of its own in its open edition: all batches that are due go to its
// HTTP API in one request. It runs beside the producer: what it costs is not counted as Centrifugo's.
package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"scanserve/realtimepeers/feed"
)

func main() {
	window, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	feed.Serve(os.Args[1], time.Duration(window)*time.Millisecond, func(ready []feed.Batch) {
		answer, err := http.Post(os.Args[3], "application/json", bytes.NewReader(request(ready)))
		if err != nil {
			log.Fatal(err)
		}
		said, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || bytes.Contains(said, []byte(`"error"`)) {
			log.Fatalf("%v %s %.200s", err, answer.Status, said)
		}
	})
}

func request(ready []feed.Batch) []byte {
	var body bytes.Buffer
	body.WriteString(`{"commands":[`)
	for number, batch := range ready {
		if number > 0 {
			body.WriteByte(',')
		}
		body.WriteString(`{"publish":{"channel":"` + batch.Room + `","data":`)
		body.Write(batch.Data)
		body.WriteString(`}}`)
	}
	body.WriteString(`]}`)
	return body.Bytes()
}
