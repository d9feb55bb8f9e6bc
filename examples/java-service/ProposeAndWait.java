import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.erdtman.jcs.JsonCanonicalizer;

/**
 * A service that asks before it acts: it proposes a plan, waits for the verdict and says whether it may act.
 *
 * <p>java -cp 'LIBRARIES/*' ProposeAndWait.java BOOTSTRAP_SERVERS SCHEMAS_FOLDER TOPIC_PREFIX
 */
public class ProposeAndWait {
  static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    String servers = args[0];
    Path schemas = Path.of(args[1]);
    String prefix = args.length > 2 ? args[2] : "";

    GenericRecord plan = plan(new Schema.Parser().parse(schemas.resolve("plan_proposed.avsc").toFile()));
    propose(servers, prefix + "plans", plan);
    System.out.println(JSON.createObjectNode().put("proposed", key(plan)).put("digest", digest(plan)));

    Schema decided = new Schema.Parser().parse(schemas.resolve("plan_decided.avsc").toFile());
    GenericRecord verdict = waitForVerdict(servers, prefix + "verdicts", decided, key(plan));
    System.out.println(describe(verdict));
  }

  static GenericRecord plan(Schema schema) throws IOException {
    Schema agent = schema.getField("agent").schema();
    Schema step = schema.getField("steps").schema().getElementType();
    // The builder fills in the defaults of the contract for what is not set.
    return new GenericRecordBuilder(schema)
        .set("event_id", UUID.randomUUID().toString())
        .set("plan_id", UUID.randomUUID().toString())
        .set("proposed_at", ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()))
        .set("proposer", "java-billing")
        .set("agent", new GenericRecordBuilder(agent).set("name", "biller").build())
        .set("goal", "Remind customers whose invoice is overdue")
        .set("steps", List.of(
            new GenericRecordBuilder(step)
                .set("step_id", "mail-1")
                .set("action_type", "email.send")
                .set("arguments", "{\"to\": \"eva@example.com\", \"amount\": 1250.00, \"currency\": \"€\"}")
                .build()))
        .build();
  }

  static void propose(String servers, String topic, GenericRecord plan) throws Exception {
    byte[] value = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), plan.getSchema()).encode(plan).array();
    ProducerRecord<String, byte[]> message = new ProducerRecord<>(topic, key(plan), value);
    headers(plan).forEach((name, text) -> message.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
    Map<String, Object> settings =
        Map.of("bootstrap.servers", servers, "acks", "all", "enable.idempotence", true);
    // Java's own partitioner is murmur2: all records of a plan reach the same partition, in order.
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
      producer.send(message).get();
    }
  }

  static Map<String, String> headers(GenericRecord plan) {
    return Map.of(
        "ce_specversion", "1.0",
        "ce_id", plan.get("event_id").toString(),
        "ce_source", "java-billing",
        "ce_type", "plangate.PlanProposed",
        "ce_time", Instant.now().toString(),
        "ce_subject", key(plan),
        "ce_dataschema", "urn:plangate:schema:PlanProposed",
        "content-type", "application/avro",
        "traceparent", "00-" + hex(16) + "-" + hex(8) + "-01");
  }

  static GenericRecord waitForVerdict(String servers, String topic, Schema schema, String planId)
      throws IOException {
    var decoder = new BinaryMessageDecoder<GenericRecord>(GenericData.get(), schema);
    Map<String, Object> settings =
        Map.of("bootstrap.servers", servers, "group.id", "java-billing", "auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      while (true) {
        for (var message : consumer.poll(Duration.ofSeconds(1))) {
          if (planId.equals(message.key())) {
            return decoder.decode(message.value());
          }
        }
      }
    }
  }

  /** A service acts only on a verdict that says so, in time, and on the steps of the verdict. */
  static boolean mayAct(GenericRecord verdict) throws Exception {
    Long useBy = (Long) verdict.get("use_by");
    boolean inTime = useBy == null || Instant.now().isBefore(Instant.EPOCH.plus(useBy, ChronoUnit.MICROS));
    return (Boolean) verdict.get("execute") && inTime && digest(verdict).equals(verdict.get("digest").toString());
  }

  /** SHA-256 over RFC 8785 canonical JSON of plan id, revision, steps and run. */
  static String digest(GenericRecord plan) throws Exception {
    ObjectNode content = JSON.createObjectNode();
    content.put("plan_id", key(plan)).put("revision", (Integer) plan.get("revision"));
    for (Object each : (List<?>) plan.get("steps")) {
      GenericRecord step = (GenericRecord) each;
      ObjectNode said = content.withArray("steps").addObject()
          .put("step_id", step.get("step_id").toString())
          .put("action_type", step.get("action_type").toString());
      said.set("arguments", JSON.readTree(step.get("arguments").toString()));
      if (step.get("after") != null) {
        said.set("after", JSON.readTree(step.get("after").toString()));
      }
    }
    content.set("run", JSON.readTree(String.valueOf(plan.get("run"))));
    byte[] canonical = new JsonCanonicalizer(content.toString()).getEncodedUTF8();
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(canonical));
  }

  static JsonNode describe(GenericRecord verdict) throws Exception {
    ObjectNode line = JSON.createObjectNode().put("may_act", mayAct(verdict)).put("digest", digest(verdict));
    for (String field : List.of("plan_id", "state", "decided_by", "note")) {
      line.put(field, verdict.get(field).toString());
    }
    return line.set("steps", JSON.readTree(verdict.get("steps").toString()));
  }

  static String key(GenericRecord plan) {
    return plan.get("plan_id").toString();
  }

  static String hex(int bytes) {
    return (UUID.randomUUID().toString() + UUID.randomUUID()).replace("-", "").substring(0, 2 * bytes);
  }
}
