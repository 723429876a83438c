// Pushes with client_golang: METHOD ADDRESS JOB INSTANCE METRIC VALUE [USER PASSWORD], one gauge, with a
// user over TLS; or LARGE ADDRESS JOB BYTES TRIES, many again and again, which prints how many pushes
// failed, and why the first did.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

const seriesBytes = 1000

func main() {
	method, address, job := os.Args[1], os.Args[2], os.Args[3]
	if method == "LARGE" {
		pushLarge(address, job, int(number(os.Args[4])), int(number(os.Args[5])))
		return
	}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: os.Args[5], Help: "Pushed by a test."})
	gauge.Set(number(os.Args[6]))
	url := "http://" + address
	if len(os.Args) > 7 {
		url = "https://" + address
	}
	pusher := push.New(url, job).Grouping("instance", os.Args[4]).Collector(gauge)
	if len(os.Args) > 7 {
		pusher.BasicAuth(os.Args[7], os.Args[8])
	}
	var err error
	switch method {
	case "PUT":
		err = pusher.Push()
	case "POST":
		err = pusher.Add()
	default:
		err = pusher.Delete()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func pushLarge(address, job string, bytes, tries int) {
	gauges := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "large"}, []string{"n"})
	filler := strings.Repeat("x", seriesBytes)
	for i := 0; i*seriesBytes < bytes; i++ {
		gauges.WithLabelValues(strconv.Itoa(i) + filler).Set(float64(i))
	}
	failed := 0
	var first error
	for i := 0; i < tries; i++ {
		err := push.New("http://"+address, job).Collector(gauges).Push()
		if err == nil {
			continue
		}
		failed++
		if first == nil {
			first = err
		}
	}
	fmt.Println(failed)
	if first != nil {
		fmt.Println(first)
	}
}
