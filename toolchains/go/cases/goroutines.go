// Goroutines on several threads, channels, generics, iterators, contexts.
package main

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type number interface{ ~int | ~float64 }

func sum[T number](numbers iter.Seq[T]) (total T) {
	for n := range numbers {
		total += n
	}
	return
}

func main() {
	runtime.GOMAXPROCS(8)
	work, total := make(chan int), atomic.Int64{}
	var all sync.WaitGroup
	for range 100 {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := range work {
				total.Add(int64(n))
			}
		}()
	}
	for n := range 10_000 {
		work <- n
	}
	close(work)
	all.Wait()
	ages := map[string]int{"Ada": 36, "Alan": 41}
	fmt.Println(total.Load(), sum(maps.Values(ages)), slices.Sorted(maps.Keys(ages)))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err(), min(3, 1, 2))
}
