// What auth_request asks, as a service in Go: net/http, which uses both cores,
// and redigo with a pool of kept connections; both keys are one round trip.
// No framework: one would only cost.
//
//	verdict SOCKET REDIS-SOCKET
package main

import (
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/gomodule/redigo/redis"
)

const month = 31 * 86400

var pool *redis.Pool

// the networks of an account, and its other facts
func fetch(id string) ([]string, map[string]string, error) {
	conn := pool.Get()
	defer conn.Close()

	conn.Send("SMEMBERS", "household:{"+id+"}")
	conn.Send("HGETALL", "household:{"+id+"}:account")
	if err := conn.Flush(); err != nil {
		return nil, nil, err
	}

	networks, err := redis.Strings(conn.Receive())
	if err != nil {
		return nil, nil, err
	}

	account, err := redis.StringMap(conn.Receive())
	return networks, account, err
}

func contains(network string, address netip.Addr) bool {
	if prefix, err := netip.ParsePrefix(network); err == nil {
		return prefix.Contains(address)
	}
	one, err := netip.ParseAddr(network)
	return err == nil && one == address
}

func allowed(networks []string, account map[string]string,
	viewer, device string) bool {

	if address, err := netip.ParseAddr(viewer); err == nil {
		for _, network := range networks {
			if contains(network, address) {
				return true
			}
		}
	}

	if device == "" {
		return false
	}
	seen, err := strconv.ParseInt(account["device:"+device], 10, 64)
	return err == nil && seen+month > time.Now().Unix()
}

func verdict(w http.ResponseWriter, r *http.Request) {
	networks, account, err := fetch(r.URL.Query().Get("account"))

	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	} else if allowed(networks, account, r.Header.Get("X-Viewer"),
		r.Header.Get("X-Device")) {
		w.WriteHeader(http.StatusNoContent)
	} else {
		w.WriteHeader(http.StatusForbidden)
	}
}

func main() {
	socket, path := os.Args[1], os.Args[2]

	pool = &redis.Pool{
		MaxIdle: 64,
		Dial: func() (redis.Conn, error) {
			return redis.Dial("unix", path)
		},
	}

	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/verdict", verdict)
	log.Fatal(http.Serve(listener, nil))
}
