// Pushes one gauge with client_golang: METHOD ADDRESS JOB INSTANCE METRIC VALUE.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

func main() {
	method, address, job, instance := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	value, err := strconv.ParseFloat(os.Args[6], 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: os.Args[5], Help: "Pushed by a test."})
	gauge.Set(value)
	pusher := push.New("http://"+address, job).Grouping("instance", instance).Collector(gauge)
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
