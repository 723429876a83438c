// Pushes once with VictoriaMetrics' metrics library, as push.go does with others: LIBRARY METHOD URL BODY
// FILE. The library makes the body itself, and compresses it.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

func main() {
	metrics.NewGauge("pushed", func() float64 { return 1 })
	options := &metrics.PushOptions{Method: os.Args[2]}
	if err := metrics.PushMetrics(context.Background(), os.Args[3], false, options); err != nil {
		fmt.Println("error", strings.Join(strings.Fields(err.Error()), " "))
		return
	}
	fmt.Println("status none")
}
