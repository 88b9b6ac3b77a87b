import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.MissingSchemaException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A service that has a file of its own ingested. It is written from schemas/README.md and the .avsc files alone.
 *
 * <pre>
 * Publisher encode  name=value…   prints the signed event in hex
 * Publisher offer   name=value…   puts a file and publishes the event
 * Publisher publish name=value…   the same, then prints each status until the last one
 * </pre>
 *
 * The names are those of the event's fields, and: schemas (folder), key (hex), addresses (with commas, for notify);
 * but for encode also kafka (bootstrap address), prefix (of the topics' names, where they have one), file, put_url (an
 * address at which PUT stores the object).
 */
public final class Publisher {
    private static final Duration DEADLINE = Duration.ofSeconds(120);
    private static final Set<String> ENDS = Set.of("COMPLETED", "FAILED", "CANCELLED", "REVERTED");

    private final Map<String, String> given;

    private Publisher(Map<String, String> given) {
        this.given = given;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> given = new HashMap<>();
        for (int each = 1; each < arguments.length; each++) {
            String[] pair = arguments[each].split("=", 2);
            given.put(pair[0], pair[1]);
        }
        Publisher publisher = new Publisher(given);
        switch (arguments[0]) {
            case "encode" -> System.out.println(HexFormat.of().formatHex(publisher.event()));
            case "offer" -> publisher.offer();
            case "publish" -> {
                publisher.offer();
                System.exit(publisher.awaitEnd().equals("COMPLETED") ? 0 : 1);
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private void offer() throws Exception {
        given.put("object_version", put());
        given.put("issued_at_us", Long.toString(System.currentTimeMillis() * 1000));
        String key = String.join("/", given.get("tenant_id"), given.get("publisher_id"), given.get("event_id"));
        Map<String, Object> settings = Map.of("bootstrap.servers", given.get("kafka"), "acks", "all");
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            byte[] name = key.getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>(topic("upload-offered"), name, event())).get();
        }
    }

    /** Store the file; returns its version. */
    private String put() throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(given.get("put_url")))
                .PUT(HttpRequest.BodyPublishers.ofFile(Path.of(given.get("file"))))
                .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException("PUT answered " + answer.statusCode() + ": " + answer.body());
        }
        return "etag:" + answer.headers().firstValue("ETag").orElseThrow().replace("\"", "");
    }

    private byte[] event() throws Exception {
        Schema schema = schema("upload-offered.avsc");
        GenericRecord record = new GenericData.Record(schema);
        for (String name : List.of("tenant_id", "publisher_id", "event_id", "object_uri", "object_version",
                "file_name", "data_source", "segment")) {
            record.put(name, given.get(name));
        }
        record.put("mode", given.getOrDefault("mode", "upsert"));
        record.put("mapping_version", given.containsKey("mapping_version") ? number("mapping_version") : null);
        record.put("as_of_us", given.containsKey("as_of_us") ? number("as_of_us") : null);
        record.put("notify", addresses());
        record.put("issued_at_us", number("issued_at_us"));
        record.put("signature", ByteBuffer.wrap(signature()));
        return bytes(new BinaryMessageEncoder<GenericRecord>(GenericData.get(), schema).encode(record));
    }

    private byte[] signature() throws Exception {
        List<byte[]> fields = new ArrayList<>();
        fields.add(utf8("penstock upload-offered 1"));
        for (String name : List.of("tenant_id", "publisher_id", "event_id", "object_uri", "object_version",
                "file_name", "data_source", "mapping_version")) {
            fields.add(utf8(given.getOrDefault(name, "")));
        }
        fields.add(utf8(given.getOrDefault("mode", "upsert")));
        fields.add(utf8(given.getOrDefault("segment", "")));
        fields.add(utf8(given.getOrDefault("as_of_us", "")));
        fields.add(framed(addresses().stream().map(Publisher::utf8).toList()));
        fields.add(utf8(given.get("issued_at_us")));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(HexFormat.of().parseHex(given.get("key")), "HmacSHA256"));
        return mac.doFinal(framed(fields));
    }

    /** Each field behind its length, four bytes, the most significant first. */
    private static byte[] framed(List<byte[]> fields) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (byte[] field : fields) {
            out.writeInt(field.length);
            out.write(field);
        }
        return bytes.toByteArray();
    }

    /** Print what penstock.status says of this event, until there is no more to say. */
    private String awaitEnd() throws IOException {
        var decoder = new BinaryMessageDecoder<GenericRecord>(GenericData.get(), schema("status.avsc"));
        Map<String, Object> settings = Map.of("bootstrap.servers", given.get("kafka"));
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic("status")).stream()
                    .map(each -> new TopicPartition(each.topic(), each.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long deadline = System.nanoTime() + DEADLINE.toNanos();
            while (System.nanoTime() < deadline) {
                for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(500))) {
                    GenericRecord status = decoded(decoder, each.value());
                    if (status != null && isOurs(status)) {
                        System.out.println(status);
                        if (ENDS.contains(status.get("status").toString())) {
                            return status.get("status").toString();
                        }
                    }
                }
            }
        }
        throw new IOException("no end after " + DEADLINE);
    }

    /** Null for what a version wrote that this program does not know. */
    private static GenericRecord decoded(BinaryMessageDecoder<GenericRecord> decoder, byte[] value)
            throws IOException {
        try {
            return decoder.decode(value);
        } catch (MissingSchemaException unknown) {
            return null;
        }
    }

    private boolean isOurs(GenericRecord status) {
        return given.get("publisher_id").equals(text(status, "publisher_id"))
                && given.get("event_id").equals(text(status, "event_id"));
    }

    private static String text(GenericRecord record, String name) {
        Object value = record.get(name);
        return value == null ? null : value.toString();
    }

    private String topic(String name) {
        return given.getOrDefault("prefix", "") + "penstock." + name;
    }

    private Schema schema(String file) throws IOException {
        return new Schema.Parser().parse(Path.of(given.get("schemas"), file).toFile());
    }

    private List<String> addresses() {
        String addresses = given.getOrDefault("addresses", "");
        return addresses.isEmpty() ? List.of() : List.of(addresses.split(","));
    }

    private long number(String name) {
        return Long.parseLong(given.get(name));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
