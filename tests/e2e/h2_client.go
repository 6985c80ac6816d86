// A client of HTTP/2 as Go programs have it, for cases_http2.py: many streams, large bodies both ways at once, a stream in full
// duplex, and one given up in the middle, all on the connections that net/http chooses.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

var failures, http2 int
var lock sync.Mutex

func tell(ok bool, what string, more ...any) {
	lock.Lock()
	defer lock.Unlock()
	if !ok {
		failures++
		fmt.Println("FAILED", what, fmt.Sprint(more...))
	}
}

// The digest and length of an answer's body.
func ask(method, url string, body io.Reader) (string, int64) {
	request, _ := http.NewRequest(method, url, body)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		tell(false, url, err)
		return "", 0
	}
	defer answer.Body.Close()
	lock.Lock()
	if answer.ProtoMajor == 2 {
		http2++
	}
	lock.Unlock()
	sum := sha256.New()
	size, err := io.Copy(sum, answer.Body)
	tell(err == nil && answer.StatusCode == 200, url, answer.Status, err)
	return fmt.Sprintf("%x", sum.Sum(nil)), size
}

func many(count int, one func(int)) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func(i int) { defer group.Done(); one(i) }(i)
	}
	group.Wait()
}

func digest(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func small(base string, greeting func(int) string) {
	ask("GET", base+"/ok/a", nil) // the connection stands
	many(200, func(i int) {
		sum, _ := ask("GET", fmt.Sprintf("%s/ok/%d", base, i), nil)
		tell(sum == digest([]byte(greeting(i))), "greeting", i)
	})
}

// Downloads and uploads at once: each goes through flow control of its own.
func large() {
	big := digest(bytes.Repeat([]byte("x"), 50_000_000))
	data := make([]byte, 20_000_000)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	many(9, func(i int) {
		switch i % 3 {
		case 0:
			sum, _ := ask("GET", "https://site.test:8446/ok/big", nil)
			tell(sum == big, "download over h2")
		case 1:
			sum, size := ask("POST", "https://site.test:8446/ok/up", bytes.NewReader(data))
			tell(sum == digest(data), "upload over h2 and back", size)
		case 2:
			sum, _ := ask("GET", "https://site.test/bytes/50000000", nil)
			tell(sum == big, "download from HTTP/1.1")
		}
	})
}

// gRPC's frames (one byte of flags, four of length) in full duplex: each answer comes before the next question is sent.
func duplex() {
	in, out := io.Pipe()
	request, _ := http.NewRequest("POST", "https://site.test:8447/osh.Test/Talk", in)
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	say := func(word string) {
		head := make([]byte, 5)
		binary.BigEndian.PutUint32(head[1:], uint32(len(word)))
		out.Write(append(head, word...))
	}
	go say("0")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		tell(false, "duplex", err)
		return
	}
	for i := 0; i < 50; i++ {
		head := make([]byte, 5)
		if _, err := io.ReadFull(answer.Body, head); err != nil {
			tell(false, "duplex head", i, err)
			return
		}
		word := make([]byte, binary.BigEndian.Uint32(head[1:]))
		io.ReadFull(answer.Body, word)
		tell(string(word) == fmt.Sprintf("you said %d", i), "duplex", string(word))
		if i < 49 {
			say(fmt.Sprint(i + 1))
		}
	}
	out.Close()
	io.Copy(io.Discard, answer.Body)
	tell(answer.Trailer.Get("Grpc-Status") == "0", "trailer", answer.Trailer)
}

func given_up() {
	many(20, func(i int) {
		context, cancel := context.WithCancel(context.Background())
		request, _ := http.NewRequestWithContext(context, "GET", "https://site.test:8446/ok/big", nil)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			tell(false, "given up", err)
			return
		}
		io.CopyN(io.Discard, answer.Body, 100_000)
		cancel()
		answer.Body.Close()
	})
	sum, _ := ask("GET", "https://site.test:8446/ok/a", nil)
	tell(sum == digest([]byte("hello over h2\n")), "after streams that were given up")
}

func main() {
	http.DefaultClient.Timeout = 100 * time.Second
	small("https://site.test", func(i int) string { return fmt.Sprintf("hello from site.test/ok/%d", i) })
	large()
	duplex()
	given_up()
	fmt.Println("failures", failures, "http2", http2)
	if failures > 0 {
		os.Exit(1)
	}
}
