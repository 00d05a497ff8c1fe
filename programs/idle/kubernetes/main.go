// Informers, work queues, event recorders and leader election of the Kubernetes client, on a fake API server that
// lists nothing and then keeps its watches open.
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"

	"sightline.example/idle/snapshot"
)

func main() {
	api := httptest.NewUnstartedServer(http.HandlerFunc(serve))
	api.EnableHTTP2 = true
	api.StartTLS()
	config := &rest.Config{Host: api.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true, NextProtos: []string{"h2"}}}
	config.ContentType, config.AcceptContentTypes = "application/json", "application/json"
	client := snapshot.Must(kubernetes.NewForConfig(config))
	ctx := context.Background()

	factory := informers.NewSharedInformerFactory(client, time.Hour)
	informer := factory.Core().V1().Pods().Informer()
	snapshot.Must(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(any) {}}))
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	go wait.Until(func() { queue.Get() }, time.Hour, ctx.Done())
	go wait.Until(func() {}, time.Hour, ctx.Done())
	events := record.NewBroadcaster()
	events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "idle"})
	snapshot.PrintAfter(2 * time.Second)
}

func serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if !strings.Contains(r.URL.RawQuery, "watch=") {
		fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}`)
		return
	}
	if strings.Contains(r.URL.RawQuery, "sendInitialEvents=true") {
		fmt.Fprintln(w, `{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"1","annotations":{"k8s.io/initial-events-end":"true"}}}}`)
	}
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}
