// An embedded NATS server with JetStream and a client; Kafka clients of three libraries (sarama against its own mock
// broker, the others against a port where nobody listens); NSQ, MQTT and AMQP
// against servers that only shake hands.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"
	"github.com/nsqio/go-nsq"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"sightline.example/idle/snapshot"
)

var keep []any

func main() {
	dir := snapshot.Must(os.MkdirTemp("", "idle-messaging-"))
	openNATS(dir)
	openKafkaGo(openSarama())
	openFranz()
	openNSQ()
	openMQTT()
	openAMQP()
	snapshot.PrintAfter(3*time.Second, dir)
}

func openNATS(dir string) {
	server := snapshot.Must(natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir + "/nats", NoLog: true,
	}))
	server.Start()
	go server.WaitForShutdown()
	if !server.ReadyForConnections(5 * time.Second) {
		log.Fatal("nats: not ready")
	}
	conn := snapshot.Must(nats.Connect(server.ClientURL()))
	snapshot.Must(conn.Subscribe("idle", func(*nats.Msg) {}))
	ctx := context.Background()
	js := snapshot.Must(jetstream.New(conn))
	stream := snapshot.Must(js.CreateStream(ctx, jetstream.StreamConfig{Name: "S", Subjects: []string{"s.*"}}))
	snapshot.Must(js.Publish(ctx, "s.a", []byte("x")))
	snapshot.Must(js.PublishAsync("s.a", []byte("x")))
	consumer := snapshot.Must(stream.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: "c"}))
	snapshot.Must(consumer.Consume(func(m jetstream.Msg) { m.Ack() }))
	snapshot.Must(micro.AddService(conn, micro.Config{Name: "idle", Version: "1.0.0"}))
}

type silent struct{}

func (silent) Error(...any)          {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatal(...any)          {}
func (silent) Fatalf(string, ...any) {}
func (silent) Log(...any)            {}
func (silent) Logf(string, ...any)   {}
func (silent) Helper()               {}
func (silent) Cleanup(func())        {}
func (silent) Name() string          { return "idle" }

func openSarama() *sarama.MockBroker {
	broker := sarama.NewMockBroker(silent{}, 1)
	broker.SetHandlerByMap(map[string]sarama.MockResponse{
		"MetadataRequest":        sarama.NewMockMetadataResponse(silent{}).SetBroker(broker.Addr(), broker.BrokerID()).SetLeader("t", 0, broker.BrokerID()).SetController(broker.BrokerID()),
		"ProduceRequest":         sarama.NewMockProduceResponse(silent{}),
		"OffsetRequest":          sarama.NewMockOffsetResponse(silent{}).SetOffset("t", 0, sarama.OffsetOldest, 0).SetOffset("t", 0, sarama.OffsetNewest, 0),
		"FetchRequest":           sarama.NewMockFetchResponse(silent{}, 1),
		"FindCoordinatorRequest": sarama.NewMockFindCoordinatorResponse(silent{}).SetCoordinator(sarama.CoordinatorGroup, "g", broker),
		"OffsetFetchRequest":     sarama.NewMockOffsetFetchResponse(silent{}).SetOffset("g", "t", 0, 0, "", sarama.ErrNoError),
	})
	config := sarama.NewConfig()
	config.Version = sarama.V2_0_0_0
	config.ApiVersionsRequest = false
	config.Producer.Return.Successes = true
	config.Consumer.Fetch.Min = 1
	client := snapshot.Must(sarama.NewClient([]string{broker.Addr()}, config))
	producer := snapshot.Must(sarama.NewSyncProducerFromClient(client))
	snapshot.Must2(producer.SendMessage(&sarama.ProducerMessage{Topic: "t", Value: sarama.StringEncoder("x")}))
	consumer := snapshot.Must(sarama.NewConsumerFromClient(client))
	partition := snapshot.Must(consumer.ConsumePartition("t", 0, sarama.OffsetNewest))
	offsets := snapshot.Must(sarama.NewOffsetManagerFromClient("g", client))
	keep = append(keep, producer, partition, offsets)
	return broker
}

func openKafkaGo(broker *sarama.MockBroker) {
	writer := &kafka.Writer{Addr: kafka.TCP(broker.Addr()), Topic: "t", BatchTimeout: time.Millisecond, MaxAttempts: 1}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	writer.WriteMessages(ctx, kafka.Message{Value: []byte("x")})
	nobody := &kafka.Writer{Addr: kafka.TCP("127.0.0.1:1"), Topic: "t", MaxAttempts: 1}
	nobody.WriteMessages(ctx, kafka.Message{Value: []byte("x")})
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{broker.Addr()}, Topic: "t", ReadLagInterval: time.Hour})
	keep = append(keep, reader)
	keep = append(keep, writer)
}

func openFranz() {
	client := snapshot.Must(kgo.NewClient(kgo.SeedBrokers("127.0.0.1:1"), kgo.ConsumeTopics("t")))
	go client.PollFetches(context.Background())
	keep = append(keep, client)
}

// Answers IDENTIFY, SUB and PUB with OK: enough for a consumer and a producer to connect and to publish.
func serveNSQ(listener net.Listener) {
	for {
		conn := snapshot.Must(listener.Accept())
		go func() {
			reader := bufio.NewReader(conn)
			reader.Discard(len("  V2"))
			for {
				line, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				verb, _, _ := strings.Cut(strings.TrimSpace(line), " ")
				if verb == "IDENTIFY" || verb == "PUB" {
					var size uint32
					binary.Read(reader, binary.BigEndian, &size)
					reader.Discard(int(size))
				}
				if verb == "IDENTIFY" || verb == "PUB" || verb == "SUB" {
					conn.Write([]byte{0, 0, 0, 6, 0, 0, 0, 0, 'O', 'K'})
				}
			}
		}()
	}
}

func openNSQ() {
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	go serveNSQ(listener)
	config := nsq.NewConfig()
	consumer := snapshot.Must(nsq.NewConsumer("t", "c", config))
	consumer.SetLoggerLevel(nsq.LogLevelMax)
	consumer.AddHandler(nsq.HandlerFunc(func(*nsq.Message) error { return nil }))
	snapshot.Check(consumer.ConnectToNSQD(listener.Addr().String()))
	producer := snapshot.Must(nsq.NewProducer(listener.Addr().String(), config))
	producer.SetLoggerLevel(nsq.LogLevelMax)
	snapshot.Check(producer.Publish("t", []byte("x")))
	keep = append(keep, consumer, producer)
}

func openMQTT() {
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		conn := snapshot.Must(listener.Accept())
		snapshot.Must(packets.ReadPacket(conn))
		packets.NewControlPacket(packets.Connack).Write(conn)
		packets.ReadPacket(conn)
	}()
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + listener.Addr().String()))
	token := client.Connect()
	token.Wait()
	snapshot.Check(token.Error())
	keep = append(keep, client)
}

// Frames of AMQP 0-9-1: start, tune and open are answered, then the connection is left alone.
func openAMQP() {
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	method := func(channel uint16, class, method uint16, arguments ...byte) []byte {
		payload := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, class), method)
		payload = append(payload, arguments...)
		frame := binary.BigEndian.AppendUint16([]byte{1}, channel)
		frame = binary.BigEndian.AppendUint32(frame, uint32(len(payload)))
		return append(append(frame, payload...), 0xce)
	}
	go func() {
		conn := snapshot.Must(listener.Accept())
		buffer := make([]byte, 4096)
		reply := func(frame []byte) {
			conn.Read(buffer)
			conn.Write(frame)
		}
		start := append([]byte{0, 9, 0, 0, 0, 0}, 0, 0, 0, 5, 'P', 'L', 'A', 'I', 'N', 0, 0, 0, 5, 'e', 'n', '_', 'U', 'S')
		reply(method(0, 10, 10, start...))
		reply(method(0, 10, 30, 0, 10, 0, 0, 0x10, 0, 0, 10))
		for range 2 { // tune-ok and open come apart or together
			conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			conn.Read(buffer)
		}
		conn.SetReadDeadline(time.Time{})
		conn.Write(method(0, 10, 41, 0))
		reply(method(1, 20, 11, 0, 0, 0, 0))
		reply(method(1, 60, 21, 1, 'c'))
		conn.Read(buffer)
	}()
	conn := snapshot.Must(amqp.Dial("amqp://guest:guest@" + listener.Addr().String() + "/"))
	channel := snapshot.Must(conn.Channel())
	deliveries := snapshot.Must(channel.Consume("q", "c", true, false, false, false, nil))
	keep = append(keep, conn, deliveries)
}
