SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.checkpoint_blobs (
    thread_id text NOT NULL,
    checkpoint_ns text DEFAULT ''::text NOT NULL,
    channel text NOT NULL,
    version text NOT NULL,
    type text NOT NULL,
    blob bytea
);
CREATE TABLE public.checkpoint_migrations (
    v integer NOT NULL
);
CREATE TABLE public.checkpoint_writes (
    thread_id text NOT NULL,
    checkpoint_ns text DEFAULT ''::text NOT NULL,
    checkpoint_id text NOT NULL,
    task_id text NOT NULL,
    idx integer NOT NULL,
    channel text NOT NULL,
    type text,
    blob bytea NOT NULL,
    task_path text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.checkpoints (
    thread_id text NOT NULL,
    checkpoint_ns text DEFAULT ''::text NOT NULL,
    checkpoint_id text NOT NULL,
    parent_checkpoint_id text,
    type text,
    checkpoint jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL
);
CREATE TABLE public.clearances (
    digest text NOT NULL,
    plan_id uuid NOT NULL,
    revision integer NOT NULL,
    gate_id uuid,
    cleared_at timestamp with time zone NOT NULL,
    use_by timestamp with time zone,
    record json NOT NULL
);
COMMENT ON COLUMN public.clearances.digest IS 'plan digest: names plan, revision, steps and run';
COMMENT ON COLUMN public.clearances.gate_id IS 'null: the router cleared it';
COMMENT ON COLUMN public.clearances.record IS 'PlanCleared or PlanDecided, whole';
CREATE TABLE public.cleared_steps (
    digest text NOT NULL,
    step_id text NOT NULL,
    step_digest text NOT NULL
);
CREATE TABLE public.decisions (
    arrival bigint NOT NULL,
    decision_id uuid NOT NULL,
    gate_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    kind text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    disposition text NOT NULL,
    why text NOT NULL,
    record json NOT NULL,
    CONSTRAINT disposition_is_a_word CHECK ((disposition = ANY (ARRAY['WAITING'::text, 'DECIDED'::text, 'COUNTED'::text, 'LATE'::text, 'REFUSED'::text])))
);
COMMENT ON COLUMN public.decisions.arrival IS 'the order of the log';
COMMENT ON COLUMN public.decisions.decision_id IS 'event_id of DecisionMade';
COMMENT ON COLUMN public.decisions.gate_id IS 'no foreign key: a decision may come first';
COMMENT ON COLUMN public.decisions.record IS 'DecisionMade, whole';
CREATE SEQUENCE public.decisions_arrival_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.decisions_arrival_seq OWNED BY public.decisions.arrival;
CREATE TABLE public.effects (
    effect_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    digest text NOT NULL,
    step_id text NOT NULL,
    step_digest text NOT NULL,
    action_type text NOT NULL,
    thread_id text,
    token bigint NOT NULL,
    executor text NOT NULL,
    state text NOT NULL,
    window_key text,
    attempts integer NOT NULL,
    detail text NOT NULL,
    result json,
    claimed_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT a_finished_effect_has_a_time CHECK (((state = ANY (ARRAY['SUCCEEDED'::text, 'FAILED'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT effect_state_is_a_word CHECK ((state = ANY (ARRAY['CLAIMED'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'IN_DOUBT'::text, 'RETRY'::text])))
);
COMMENT ON COLUMN public.effects.effect_id IS 'UUIDv5 of plan and step: one effect for each';
COMMENT ON COLUMN public.effects.token IS 'the claimant''s fencing token';
COMMENT ON COLUMN public.effects.window_key IS 'the catalogue''s effect key';
CREATE TABLE public.gates (
    gate_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    revision integer NOT NULL,
    digest text NOT NULL,
    kind text NOT NULL,
    timing text NOT NULL,
    attempt integer NOT NULL,
    state text NOT NULL,
    thread_id text,
    deadline timestamp with time zone NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    request json NOT NULL,
    verdict json,
    expiry_asked_at timestamp with time zone,
    asked_again_at timestamp with time zone,
    CONSTRAINT a_closed_gate_has_a_verdict CHECK (((state = 'PENDING'::text) = (verdict IS NULL))),
    CONSTRAINT gate_kind_is_a_word CHECK ((kind = ANY (ARRAY['PLAN'::text, 'IN_DOUBT'::text]))),
    CONSTRAINT gate_state_is_a_word CHECK ((state = ANY (ARRAY['PENDING'::text, 'APPROVED'::text, 'REJECTED'::text, 'RESPONDED'::text, 'EXPIRED'::text, 'WITHDRAWN'::text, 'SUPERSEDED'::text]))),
    CONSTRAINT gate_timing_is_a_word CHECK ((timing = ANY (ARRAY['BEFORE'::text, 'AFTER'::text])))
);
COMMENT ON COLUMN public.gates.gate_id IS 'request_id of the approval request';
COMMENT ON COLUMN public.gates.request IS 'ApprovalRequested, whole: the terms are frozen here';
COMMENT ON COLUMN public.gates.verdict IS 'PlanDecided, whole';
COMMENT ON COLUMN public.gates.asked_again_at IS 'its verdict went stale unused';
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    event_id uuid NOT NULL,
    record text NOT NULL,
    key text NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);
COMMENT ON COLUMN public.outbox.record IS 'the record type, which names the topic';
COMMENT ON COLUMN public.outbox.body IS 'Avro body without framing';
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.outcomes (
    plan_id uuid NOT NULL,
    event_id uuid NOT NULL,
    status text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    record json NOT NULL
);
COMMENT ON COLUMN public.outcomes.record IS 'PlanExecuted, whole';
CREATE TABLE public.runs (
    thread_id text NOT NULL,
    graph text NOT NULL,
    status text NOT NULL,
    token bigint NOT NULL,
    worker text,
    lease_until timestamp with time zone,
    plan_id uuid,
    digest text,
    pause json,
    answer json,
    use_by timestamp with time zone,
    head_id text,
    attempts integer NOT NULL,
    alone boolean DEFAULT false NOT NULL,
    not_before timestamp with time zone NOT NULL,
    error text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT a_ready_run_has_an_answer CHECK (((status <> 'READY'::text) OR (answer IS NOT NULL))),
    CONSTRAINT one_run_one_worker CHECK (((status = 'RUNNING'::text) = (lease_until IS NOT NULL))),
    CONSTRAINT run_status_is_a_word CHECK ((status = ANY (ARRAY['RUNNING'::text, 'PAUSED'::text, 'READY'::text, 'DONE'::text, 'FAILED'::text, 'IN_DOUBT'::text, 'STALE'::text])))
);
COMMENT ON COLUMN public.runs.token IS 'grows with every claim; fences checkpoint writes';
COMMENT ON COLUMN public.runs.plan_id IS 'the plan that the run is paused at or executes';
COMMENT ON COLUMN public.runs.digest IS 'what it may execute';
COMMENT ON COLUMN public.runs.pause IS 'RunIdentity of the bound pause';
COMMENT ON COLUMN public.runs.answer IS 'GateAnswer to resume with';
COMMENT ON COLUMN public.runs.head_id IS 'the newest checkpoint that a resumer of ours wrote';
COMMENT ON COLUMN public.runs.alone IS 'its last worker died with it in hand: tried next with nothing beside it';
ALTER TABLE ONLY public.decisions ALTER COLUMN arrival SET DEFAULT nextval('public.decisions_arrival_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.checkpoint_blobs VALUES ('waiting', '', '__start__', '00000000000000000000000000000001.0.004651670022774668', 'msgpack', '\x81a377686f91a3616e6e');
INSERT INTO public.checkpoint_blobs VALUES ('waiting', '', 'who', '00000000000000000000000000000002.0.4187122044435072', 'msgpack', '\x91a3616e6e');
INSERT INTO public.checkpoint_blobs VALUES ('in doubt', '', '__start__', '00000000000000000000000000000001.0.3713038970709732', 'msgpack', '\x81a377686f92a364616ea3657665');
INSERT INTO public.checkpoint_blobs VALUES ('in doubt', '', 'who', '00000000000000000000000000000002.0.232993943391676', 'msgpack', '\x92a364616ea3657665');
INSERT INTO public.checkpoint_blobs VALUES ('in doubt', '', 'verdict', '00000000000000000000000000000003.0.9569160757956856', 'msgpack', '\x89a7706c616e5f6964d92432623562353862382d373162352d353066382d393362362d306633303161613034656634a87265766973696f6e01a6646967657374d94065613735636663323031356630646434613233363561383066336365616132336561373465646337623038633365323534623965393638626330663235643939a57374617465a8415050524f564544a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a46e6f7465a0aa646563696465645f6279a3616461a67573655f6279bb323039302d30342d31315430363a30323a30392e3831363232395aa8617070726f766564c3');
INSERT INTO public.checkpoint_blobs VALUES ('decided early', '', '__start__', '00000000000000000000000000000001.0.6071891375457903', 'msgpack', '\x81a377686f91a3666179');
INSERT INTO public.checkpoint_blobs VALUES ('decided early', '', 'who', '00000000000000000000000000000002.0.5454467794983829', 'msgpack', '\x91a3666179');
INSERT INTO public.checkpoint_blobs VALUES ('approved', '', '__start__', '00000000000000000000000000000001.0.8108180005181748', 'msgpack', '\x81a377686f92a3626f62a3636964');
INSERT INTO public.checkpoint_blobs VALUES ('approved', '', 'who', '00000000000000000000000000000002.0.2239256508882177', 'msgpack', '\x92a3626f62a3636964');
INSERT INTO public.checkpoint_migrations VALUES (0);
INSERT INTO public.checkpoint_migrations VALUES (1);
INSERT INTO public.checkpoint_migrations VALUES (2);
INSERT INTO public.checkpoint_migrations VALUES (3);
INSERT INTO public.checkpoint_migrations VALUES (4);
INSERT INTO public.checkpoint_migrations VALUES (5);
INSERT INTO public.checkpoint_migrations VALUES (6);
INSERT INTO public.checkpoint_migrations VALUES (7);
INSERT INTO public.checkpoint_migrations VALUES (8);
INSERT INTO public.checkpoint_migrations VALUES (9);
INSERT INTO public.checkpoint_writes VALUES ('waiting', '', '1f1e877f-26c3-6d44-bfff-6f45cf88ea28', 'e94f7476-5806-f2de-e7f3-52db19174aa4', 0, 'who', 'msgpack', '\x91a3616e6e', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('waiting', '', '1f1e877f-26c3-6d44-bfff-6f45cf88ea28', 'e94f7476-5806-f2de-e7f3-52db19174aa4', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('waiting', '', '1f1e877f-26f1-6396-8000-6ee30dd48982', 'fae0a5fb-eef8-7dad-6e0c-595f11d57a33', -3, '__interrupt__', 'msgpack', '\x91c7f60293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739184a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3616e6eac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9203931313632613366353534383135373964633462636333303133636237616635af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1e877f-2b56-635e-bfff-2618752dfb33', '7cf65d25-998c-23eb-4855-a09051654fb6', 0, 'who', 'msgpack', '\x92a364616ea3657665', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1e877f-2b56-635e-bfff-2618752dfb33', '7cf65d25-998c-23eb-4855-a09051654fb6', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1e877f-2b62-6f25-8000-c4c4f40be410', 'e4d066ff-fead-6b0a-2965-c10677f6253c', -3, '__interrupt__', 'msgpack', '\x91c801390293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9206562336637663331616465343364313837633936643638333663633661613038af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1e877f-2b62-6f25-8000-c4c4f40be410', 'e4d066ff-fead-6b0a-2965-c10677f6253c', -4, '__resume__', 'msgpack', '\x9181a8706c616e6761746588a7706c616e5f6964d92432623562353862382d373162352d353066382d393362362d306633303161613034656634a87265766973696f6e01a6646967657374d94065613735636663323031356630646434613233363561383066336365616132336561373465646337623038633365323534623965393638626330663235643939a57374617465a8415050524f564544a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a46e6f7465a0aa646563696465645f6279a3616461a67573655f6279bb323039302d30342d31315430363a30323a30392e3831363232395a', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1e877f-2b62-6f25-8000-c4c4f40be410', 'e4d066ff-fead-6b0a-2965-c10677f6253c', 1, 'verdict', 'msgpack', '\x89a7706c616e5f6964d92432623562353862382d373162352d353066382d393362362d306633303161613034656634a87265766973696f6e01a6646967657374d94065613735636663323031356630646434613233363561383066336365616132336561373465646337623038633365323534623965393638626330663235643939a57374617465a8415050524f564544a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a46e6f7465a0aa646563696465645f6279a3616461a67573655f6279bb323039302d30342d31315430363a30323a30392e3831363232395aa8617070726f766564c3', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1e877f-2b62-6f25-8000-c4c4f40be410', 'e4d066ff-fead-6b0a-2965-c10677f6253c', 2, 'branch:to:act', 'null', '\x', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('decided early', '', '1f1e877f-3ffa-6af6-bfff-c6c959986634', 'f5ed491e-190b-975f-9f79-d7f302d50525', 0, 'who', 'msgpack', '\x91a3666179', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('decided early', '', '1f1e877f-3ffa-6af6-bfff-c6c959986634', 'f5ed491e-190b-975f-9f79-d7f302d50525', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('decided early', '', '1f1e877f-401e-6191-8000-6f93f45272dd', 'bc335b1b-1b09-5a98-69b6-a6d2c50e72ac', -3, '__interrupt__', 'msgpack', '\x91c7f60293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739184a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3666179ac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9203134383131303662323639663532343632656139353665653334623433323131af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('approved', '', '1f1e877f-4343-6dff-bfff-32299da68bb3', '6cf282f1-1667-f66e-84c7-197f68db620e', 0, 'who', 'msgpack', '\x92a3626f62a3636964', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('approved', '', '1f1e877f-4343-6dff-bfff-32299da68bb3', '6cf282f1-1667-f66e-84c7-197f68db620e', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('approved', '', '1f1e877f-4345-60c1-8000-97ede7ccb031', '300320a2-5ad9-a8cc-1040-85558e27ed18', -3, '__interrupt__', 'msgpack', '\x91c801390293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3626f62ac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3636964ac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9203562353763326666613439633463616335663334646235333630353133356137af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoints VALUES ('waiting', '', '1f1e877f-26c3-6d44-bfff-6f45cf88ea28', NULL, NULL, '{"v": 4, "id": "1f1e877f-26c3-6d44-bfff-6f45cf88ea28", "ts": "2026-11-25T02:28:49.112797+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.004651670022774668"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('waiting', '', '1f1e877f-26f1-6396-8000-6ee30dd48982', '1f1e877f-26c3-6d44-bfff-6f45cf88ea28', NULL, '{"v": 4, "id": "1f1e877f-26f1-6396-8000-6ee30dd48982", "ts": "2026-11-25T02:28:49.131390+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.004651670022774668"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.4187122044435072", "__start__": "00000000000000000000000000000002.0.4187122044435072", "branch:to:ask": "00000000000000000000000000000002.0.4187122044435072"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('in doubt', '', '1f1e877f-2b56-635e-bfff-2618752dfb33', NULL, NULL, '{"v": 4, "id": "1f1e877f-2b56-635e-bfff-2618752dfb33", "ts": "2026-11-25T02:28:49.592195+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.3713038970709732"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('in doubt', '', '1f1e877f-2b62-6f25-8000-c4c4f40be410', '1f1e877f-2b56-635e-bfff-2618752dfb33', NULL, '{"v": 4, "id": "1f1e877f-2b62-6f25-8000-c4c4f40be410", "ts": "2026-11-25T02:28:49.597404+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.3713038970709732"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.232993943391676", "__start__": "00000000000000000000000000000002.0.232993943391676", "branch:to:ask": "00000000000000000000000000000002.0.232993943391676"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('in doubt', '', '1f1e877f-35e9-6fce-8001-7443e93e5059', '1f1e877f-2b62-6f25-8000-c4c4f40be410', NULL, '{"v": 4, "id": "1f1e877f-35e9-6fce-8001-7443e93e5059", "ts": "2026-11-25T02:28:50.701294+00:00", "versions_seen": {"ask": {"branch:to:ask": "00000000000000000000000000000002.0.232993943391676"}, "__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.3713038970709732"}, "__interrupt__": {"who": "00000000000000000000000000000002.0.232993943391676", "__start__": "00000000000000000000000000000002.0.232993943391676", "branch:to:ask": "00000000000000000000000000000002.0.232993943391676"}}, "channel_values": {"branch:to:act": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.232993943391676", "verdict": "00000000000000000000000000000003.0.9569160757956856", "__start__": "00000000000000000000000000000002.0.232993943391676", "branch:to:act": "00000000000000000000000000000003.0.9569160757956856", "branch:to:ask": "00000000000000000000000000000003.0.9569160757956856"}, "updated_channels": ["branch:to:act", "verdict"]}', '{"step": 1, "source": "loop", "parents": {}, "plangate_plan": "2b5b58b8-71b5-50f8-93b6-0f301aa04ef4", "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('decided early', '', '1f1e877f-3ffa-6af6-bfff-c6c959986634', NULL, NULL, '{"v": 4, "id": "1f1e877f-3ffa-6af6-bfff-c6c959986634", "ts": "2026-11-25T02:28:51.756716+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.6071891375457903"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('decided early', '', '1f1e877f-401e-6191-8000-6f93f45272dd', '1f1e877f-3ffa-6af6-bfff-c6c959986634', NULL, '{"v": 4, "id": "1f1e877f-401e-6191-8000-6f93f45272dd", "ts": "2026-11-25T02:28:51.771211+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.6071891375457903"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.5454467794983829", "__start__": "00000000000000000000000000000002.0.5454467794983829", "branch:to:ask": "00000000000000000000000000000002.0.5454467794983829"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('approved', '', '1f1e877f-4343-6dff-bfff-32299da68bb3', NULL, NULL, '{"v": 4, "id": "1f1e877f-4343-6dff-bfff-32299da68bb3", "ts": "2026-11-25T02:28:52.101264+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.8108180005181748"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('approved', '', '1f1e877f-4345-60c1-8000-97ede7ccb031', '1f1e877f-4343-6dff-bfff-32299da68bb3', NULL, '{"v": 4, "id": "1f1e877f-4345-60c1-8000-97ede7ccb031", "ts": "2026-11-25T02:28:52.101748+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.8108180005181748"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.2239256508882177", "__start__": "00000000000000000000000000000002.0.2239256508882177", "branch:to:ask": "00000000000000000000000000000002.0.2239256508882177"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.clearances VALUES ('ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', 1, 'c456fa11-6c1a-5590-92be-a0f814086531', '2026-11-25 02:28:49.816229+00', '2090-04-11 06:02:09.816229+00', '{"event_id":"6b0840e4-b03a-5390-b479-6a587cf95418","request_id":"c456fa11-6c1a-5590-92be-a0f814086531","decision_id":"296aa261-6e2b-5ab2-bed0-265809a5faeb","kind":"PLAN","timing":"BEFORE","plan_id":"2b5b58b8-71b5-50f8-93b6-0f301aa04ef4","revision":1,"digest":"ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1e877f-2b62-6f25-8000-c4c4f40be410","kind":"DYNAMIC","interrupt_id":"eb3f7f31ade43d187c96d6836cc6aa08","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-25T02:28:49.816229Z","note":"","use_by":"2090-04-11T06:02:09.816229Z"}');
INSERT INTO public.clearances VALUES ('c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25', '147d611b-2930-58b3-a751-d0cad3b2fc16', 1, '305f29aa-880e-582d-8d24-b4d0ea0befff', '2026-11-25 02:28:52.345567+00', '2090-04-11 06:02:12.345567+00', '{"event_id":"eefbc316-bf58-57f3-9ed1-4531bba705a2","request_id":"305f29aa-880e-582d-8d24-b4d0ea0befff","decision_id":"7e4b3da0-55ca-5ebf-99d5-6a8ef33f7fcb","kind":"PLAN","timing":"BEFORE","plan_id":"147d611b-2930-58b3-a751-d0cad3b2fc16","revision":1,"digest":"c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1e877f-4345-60c1-8000-97ede7ccb031","kind":"DYNAMIC","interrupt_id":"5b57c2ffa49c4cac5f34db53605135a7","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-25T02:28:52.345567Z","note":"","use_by":"2090-04-11T06:02:12.345567Z"}');
INSERT INTO public.cleared_steps VALUES ('ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99', 's1', '9db8935dbe19206ed2272ccc1ac314829cbaac1274a47771c30d7120cf072c66');
INSERT INTO public.cleared_steps VALUES ('ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99', 's2', 'a044d84023594c80136adeaa4655316f6aa40933888922cb29862dd8552ed6d7');
INSERT INTO public.cleared_steps VALUES ('c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25', 's1', 'c246026ffbb4faf012a85e99069b2a93f413f24b6c77ac13f1fbe911fff148b5');
INSERT INTO public.cleared_steps VALUES ('c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25', 's2', '7d7f26f85975aa06092b627df37c47c3e317df68a5a78d7d0276e2776f347eaa');
INSERT INTO public.decisions VALUES (1, '296aa261-6e2b-5ab2-bed0-265809a5faeb', 'c456fa11-6c1a-5590-92be-a0f814086531', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', 'APPROVE', 'ada', '2026-11-25 02:28:49.816229+00', '2026-11-24 12:00:00+00', 'DECIDED', 'closed the gate: APPROVED', '{"event_id":"296aa261-6e2b-5ab2-bed0-265809a5faeb","request_id":"c456fa11-6c1a-5590-92be-a0f814086531","plan_id":"2b5b58b8-71b5-50f8-93b6-0f301aa04ef4","revision":1,"digest":"ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99","kind":"APPROVE","decided_at":"2026-11-25T02:28:49.816229Z","decided_by":"ada","decider":"PERSON","note":"","reason_code":null,"steps":null,"step_ids":[],"resolution":null}');
INSERT INTO public.decisions VALUES (2, 'ccdb33c9-3ff8-5faf-901b-d047ff196aac', '9305a966-0123-51ab-a33b-74bce432301a', 'dcb5fb51-8f4b-579f-ab92-cf1a87c18f0c', 'APPROVE', 'ada', '2026-11-25 02:28:51.903398+00', '2026-11-24 12:00:00+00', 'WAITING', 'its approval request has not come yet', '{"event_id":"ccdb33c9-3ff8-5faf-901b-d047ff196aac","request_id":"9305a966-0123-51ab-a33b-74bce432301a","plan_id":"dcb5fb51-8f4b-579f-ab92-cf1a87c18f0c","revision":1,"digest":"226ad1948f01436e5e1387f0e739cee06a4fe1fbeef1d2be9010bf20454ef45e","kind":"APPROVE","decided_at":"2026-11-25T02:28:51.903398Z","decided_by":"ada","decider":"PERSON","note":"","reason_code":null,"steps":null,"step_ids":[],"resolution":null}');
INSERT INTO public.decisions VALUES (3, '7e4b3da0-55ca-5ebf-99d5-6a8ef33f7fcb', '305f29aa-880e-582d-8d24-b4d0ea0befff', '147d611b-2930-58b3-a751-d0cad3b2fc16', 'APPROVE', 'ada', '2026-11-25 02:28:52.345567+00', '2026-11-24 12:00:00+00', 'DECIDED', 'closed the gate: APPROVED', '{"event_id":"7e4b3da0-55ca-5ebf-99d5-6a8ef33f7fcb","request_id":"305f29aa-880e-582d-8d24-b4d0ea0befff","plan_id":"147d611b-2930-58b3-a751-d0cad3b2fc16","revision":1,"digest":"c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25","kind":"APPROVE","decided_at":"2026-11-25T02:28:52.345567Z","decided_by":"ada","decider":"PERSON","note":"","reason_code":null,"steps":null,"step_ids":[],"resolution":null}');
INSERT INTO public.effects VALUES ('4cf562d7-e439-54a0-a09c-3b7e4d8ab863', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', 'ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99', 's1', '9db8935dbe19206ed2272ccc1ac314829cbaac1274a47771c30d7120cf072c66', 'email.send', 'in doubt', 3, 'resumer-19994', 'IN_DOUBT', NULL, 1, 'the worker that began it did not say how it ended', NULL, '2026-11-25 02:28:50.71216+00', NULL);
INSERT INTO public.gates VALUES ('18145bc1-b9ff-5633-8593-6bf2c2054794', '9183cb9c-f407-5a3b-882c-4d5785a7daf0', 1, '624e89928408bdace55e82f777e5a182611f41633868632d2c20027e1a082011', 'PLAN', 'BEFORE', 1, 'PENDING', 'waiting', '2100-01-01 00:00:00+00', '2026-11-24 12:00:00+00', '{"event_id":"767830e5-c8ec-55f5-8e94-0f159b6f5140","request_id":"18145bc1-b9ff-5633-8593-6bf2c2054794","kind":"PLAN","timing":"BEFORE","attempt":1,"plan_id":"9183cb9c-f407-5a3b-882c-4d5785a7daf0","revision":1,"digest":"624e89928408bdace55e82f777e5a182611f41633868632d2c20027e1a082011","requested_at":"2026-11-24T12:00:00Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"ann"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"waiting","checkpoint_ns":"","checkpoint_id":"1f1e877f-26f1-6396-8000-6ee30dd48982","kind":"DYNAMIC","interrupt_id":"91162a3f55481579dc4bcc3013cb7af5","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Send 2 emails","tier":"IRREVERSIBLE","step_ids":["s1","s2"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2100-01-01T00:00:00Z","use_by_s":2000000000,"allowed":["APPROVE","EDIT","REJECT","RESPOND"]}},"in_doubt":null}', NULL, NULL, NULL);
INSERT INTO public.gates VALUES ('c456fa11-6c1a-5590-92be-a0f814086531', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', 1, 'ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99', 'PLAN', 'BEFORE', 1, 'APPROVED', 'in doubt', '2026-11-25 03:28:49.816229+00', '2026-11-25 02:28:49.816229+00', '{"event_id":"1bacb586-9182-5a31-b3c1-ccbb7841280c","request_id":"c456fa11-6c1a-5590-92be-a0f814086531","kind":"PLAN","timing":"BEFORE","attempt":1,"plan_id":"2b5b58b8-71b5-50f8-93b6-0f301aa04ef4","revision":1,"digest":"ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99","requested_at":"2026-11-25T02:28:49.816229Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1e877f-2b62-6f25-8000-c4c4f40be410","kind":"DYNAMIC","interrupt_id":"eb3f7f31ade43d187c96d6836cc6aa08","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Send 2 emails","tier":"IRREVERSIBLE","step_ids":["s1","s2"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2026-11-25T03:28:49.816229Z","use_by_s":2000000000,"allowed":["APPROVE","EDIT","REJECT","RESPOND"]}},"in_doubt":null}', '{"event_id":"6b0840e4-b03a-5390-b479-6a587cf95418","request_id":"c456fa11-6c1a-5590-92be-a0f814086531","decision_id":"296aa261-6e2b-5ab2-bed0-265809a5faeb","kind":"PLAN","timing":"BEFORE","plan_id":"2b5b58b8-71b5-50f8-93b6-0f301aa04ef4","revision":1,"digest":"ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1e877f-2b62-6f25-8000-c4c4f40be410","kind":"DYNAMIC","interrupt_id":"eb3f7f31ade43d187c96d6836cc6aa08","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-25T02:28:49.816229Z","note":"","use_by":"2090-04-11T06:02:09.816229Z"}', NULL, NULL);
INSERT INTO public.gates VALUES ('050e56a3-5cb9-5f22-b744-7a5c391a6253', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', 1, 'ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99', 'IN_DOUBT', 'AFTER', 1, 'PENDING', 'in doubt', '2026-12-02 02:28:51.301151+00', '2026-11-25 02:28:51.301151+00', '{"event_id":"d3495bcc-3134-5204-8b90-4eb74f4120ec","request_id":"050e56a3-5cb9-5f22-b744-7a5c391a6253","kind":"IN_DOUBT","timing":"AFTER","attempt":1,"plan_id":"2b5b58b8-71b5-50f8-93b6-0f301aa04ef4","revision":1,"digest":"ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99","requested_at":"2026-11-25T02:28:51.301151Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1e877f-2b62-6f25-8000-c4c4f40be410","kind":"DYNAMIC","interrupt_id":"eb3f7f31ade43d187c96d6836cc6aa08","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Step s1 (email.send) may or may not have happened: the worker that began it did not say how it ended. Look where it would show. HAPPENED: it counts as done. RETRY: it is done again. ABANDON: it counts as failed.","tier":"IRREVERSIBLE","step_ids":["s1"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2026-12-02T02:28:51.301151Z","use_by_s":0,"allowed":["RESOLVE"]}},"in_doubt":{"step_id":"s1","known":"the worker that began it did not say how it ended"}}', NULL, NULL, NULL);
INSERT INTO public.gates VALUES ('305f29aa-880e-582d-8d24-b4d0ea0befff', '147d611b-2930-58b3-a751-d0cad3b2fc16', 1, 'c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25', 'PLAN', 'BEFORE', 1, 'APPROVED', 'approved', '2026-11-25 03:28:52.345567+00', '2026-11-25 02:28:52.345567+00', '{"event_id":"79302299-7d4e-5bbd-8962-a6f68001e54b","request_id":"305f29aa-880e-582d-8d24-b4d0ea0befff","kind":"PLAN","timing":"BEFORE","attempt":1,"plan_id":"147d611b-2930-58b3-a751-d0cad3b2fc16","revision":1,"digest":"c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25","requested_at":"2026-11-25T02:28:52.345567Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1e877f-4345-60c1-8000-97ede7ccb031","kind":"DYNAMIC","interrupt_id":"5b57c2ffa49c4cac5f34db53605135a7","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Send 2 emails","tier":"IRREVERSIBLE","step_ids":["s1","s2"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2026-11-25T03:28:52.345567Z","use_by_s":2000000000,"allowed":["APPROVE","EDIT","REJECT","RESPOND"]}},"in_doubt":null}', '{"event_id":"eefbc316-bf58-57f3-9ed1-4531bba705a2","request_id":"305f29aa-880e-582d-8d24-b4d0ea0befff","decision_id":"7e4b3da0-55ca-5ebf-99d5-6a8ef33f7fcb","kind":"PLAN","timing":"BEFORE","plan_id":"147d611b-2930-58b3-a751-d0cad3b2fc16","revision":1,"digest":"c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1e877f-4345-60c1-8000-97ede7ccb031","kind":"DYNAMIC","interrupt_id":"5b57c2ffa49c4cac5f34db53605135a7","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-25T02:28:52.345567Z","note":"","use_by":"2090-04-11T06:02:12.345567Z"}', NULL, NULL);
INSERT INTO public.outbox VALUES (1, '52cca2d2-90e2-5ed4-b1c3-f675546c3f05', 'PlanProposed', '9183cb9c-f407-5a3b-882c-4d5785a7daf0', '\x4835326363613264322d393065322d356564342d623163332d6636373535343663336630354839313833636239632d663430372d356133622d383832632d34643537383561376461663002b8e9e5e492c4b0060e62696c6c696e670e62696c6c696e67000000000204733114656d61696c2e73656e64187b22746f223a22616e6e227d0000020e62696c6c696e6720313737333463623532343634356630640e77616974696e67004831663165383737662d323666312d363339362d383030302d36656533306464343839383200024039313136326133663535343831353739646334626363333031336362376166350000', '2026-11-25 02:28:49.245788+00');
INSERT INTO public.outbox VALUES (2, '0222f1d4-dca2-5dab-8160-34c2764c1aec', 'PlanProposed', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', '\x4830323232663164342d646361322d356461622d383136302d3334633237363463316165634832623562353862382d373162352d353066382d393362362d30663330316161303465663402c8a2a1e592c4b0060e62696c6c696e670e62696c6c696e67000000000404733114656d61696c2e73656e64187b22746f223a2264616e227d0004733214656d61696c2e73656e64187b22746f223a22657665227d0000020e62696c6c696e67203137373334636235323436343566306410696e20646f756274004831663165383737662d326236322d366632352d383030302d63346334663430626534313000024065623366376633316164653433643138376339366436383336636336616130380000', '2026-11-25 02:28:49.732772+00');
INSERT INTO public.outbox VALUES (3, '6b0840e4-b03a-5390-b479-6a587cf95418', 'PlanDecided', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', '\x4836623038343065342d623033612d353339302d623437392d3661353837636639353431384863343536666131312d366331612d353539302d393262652d6130663831343038363533314832393661613236312d366532622d356162322d626564302d32363538303961356661656200004832623562353862382d373162352d353066382d393362362d3066333031616130346566340280016561373563666332303135663064643461323336356138306633636561613233656137346564633762303863336532353462396539363862633066323564393902010404733114656d61696c2e73656e64187b22746f223a2264616e227d0004733214656d61696c2e73656e64187b22746f223a22657665227d0000020e62696c6c696e67203137373334636235323436343566306410696e20646f756274004831663165383737662d326236322d366632352d383030302d6334633466343062653431300002406562336637663331616465343364313837633936643638333663633661613038000006616461cabaabe592c4b0060002caba93febb83be0d', '2026-11-24 12:00:00+00');
INSERT INTO public.outbox VALUES (4, 'd3495bcc-3134-5204-8b90-4eb74f4120ec', 'ApprovalRequested', '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', '\x4864333439356263632d333133342d353230342d386239302d3465623734663431323065634830353065353661332d356362392d356632322d623734342d3761356333393161363235330202024832623562353862382d373162352d353066382d393362362d30663330316161303465663402800165613735636663323031356630646434613233363561383066336365616132336561373465646337623038633365323534623965393638626330663235643939bedce0e692c4b00604008001303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030301e62696c6c696e672d736572766963650c62696c6c65720000000c72656d696e640404733114656d61696c2e73656e64187b22746f223a2264616e227d0004733214656d61696c2e73656e64187b22746f223a22657665227d0000020e62696c6c696e67203137373334636235323436343566306410696e20646f756274004831663165383737662d326236322d366632352d383030302d6334633466343062653431300002406562336637663331616465343364313837633936643638333663633661613038000002a603537465702073312028656d61696c2e73656e6429206d6179206f72206d6179206e6f7420686176652068617070656e65643a2074686520776f726b6572207468617420626567616e20697420646964206e6f742073617920686f7720697420656e6465642e204c6f6f6b20776865726520697420776f756c642073686f772e2048415050454e45443a20697420636f756e747320617320646f6e652e2052455452593a20697420697320646f6e6520616761696e2e204142414e444f4e3a20697420636f756e7473206173206661696c65642e0402047331000000000002bedcfdf4ace7b00600021200020473316274686520776f726b6572207468617420626567616e20697420646964206e6f742073617920686f7720697420656e646564', '2026-11-25 02:28:51.412158+00');
INSERT INTO public.outbox VALUES (5, 'aa296705-0864-5b38-a65a-e66fd761326e', 'PlanProposed', 'dcb5fb51-8f4b-579f-ab92-cf1a87c18f0c', '\x4861613239363730352d303836342d356233382d613635612d6536366664373631333236654864636235666235312d386634622d353739662d616239322d63663161383763313866306302d48ea3e792c4b0060e62696c6c696e670e62696c6c696e67000000000204733114656d61696c2e73656e64187b22746f223a22666179227d0000020e62696c6c696e6720313737333463623532343634356630641a64656369646564206561726c79004831663165383737662d343031652d363139312d383030302d36663933663435323732646400024031343831313036623236396635323436326561393536656533346234333231310000', '2026-11-25 02:28:51.845034+00');
INSERT INTO public.outbox VALUES (6, '4f8f6aec-25d9-50fd-9f99-3f287d32ab01', 'PlanProposed', '147d611b-2930-58b3-a751-d0cad3b2fc16', '\x4834663866366165632d323564392d353066642d396639392d3366323837643332616230314831343764363131622d323933302d353862332d613735312d643063616433623266633136029e99cfe792c4b0060e62696c6c696e670e62696c6c696e67000000000404733114656d61696c2e73656e64187b22746f223a22626f62227d0004733214656d61696c2e73656e64187b22746f223a22636964227d0000020e62696c6c696e67203137373334636235323436343566306410617070726f766564004831663165383737662d343334352d363063312d383030302d39376564653763636230333100024035623537633266666134396334636163356633346462353336303531333561370000', '2026-11-25 02:28:52.206159+00');
INSERT INTO public.outbox VALUES (7, 'eefbc316-bf58-57f3-9ed1-4531bba705a2', 'PlanDecided', '147d611b-2930-58b3-a751-d0cad3b2fc16', '\x4865656662633331362d626635382d353766332d396564312d3435333162626137303561324833303566323961612d383830652d353832642d386432342d6234643065613062656666664837653462336461302d353563612d356562662d393964352d36613865663333663766636200004831343764363131622d323933302d353862332d613735312d6430636164336232666331360280016332303833643861633635356337326330316638613937303035663639353031616565366532373737663366303764653763343330383035383831333065323502010404733114656d61696c2e73656e64187b22746f223a22626f62227d0004733214656d61696c2e73656e64187b22746f223a22636964227d0000020e62696c6c696e67203137373334636235323436343566306410617070726f766564004831663165383737662d343334352d363063312d383030302d3937656465376363623033310002403562353763326666613439633463616335663334646235333630353133356137000006616461be9be0e792c4b0060002be9bc880bc83be0d', '2026-11-24 12:00:00+00');
INSERT INTO public.runs VALUES ('waiting', 'billing', 'PAUSED', 1, NULL, NULL, '9183cb9c-f407-5a3b-882c-4d5785a7daf0', NULL, '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"waiting","checkpoint_ns":"","checkpoint_id":"1f1e877f-26f1-6396-8000-6ee30dd48982","kind":"DYNAMIC","interrupt_id":"91162a3f55481579dc4bcc3013cb7af5","task_ids":[],"next_nodes":[]}', NULL, NULL, NULL, 0, false, '2026-11-25 02:28:49.245788+00', '', '2026-11-25 02:28:49.014487+00', '2026-11-25 02:28:49.245788+00');
INSERT INTO public.runs VALUES ('approved', 'billing', 'READY', 1, NULL, NULL, '147d611b-2930-58b3-a751-d0cad3b2fc16', 'c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25', '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1e877f-4345-60c1-8000-97ede7ccb031","kind":"DYNAMIC","interrupt_id":"5b57c2ffa49c4cac5f34db53605135a7","task_ids":[],"next_nodes":[]}', '{"plan_id":"147d611b-2930-58b3-a751-d0cad3b2fc16","revision":1,"digest":"c2083d8ac655c72c01f8a97005f69501aee6e2777f3f07de7c43080588130e25","state":"APPROVED","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"note":"","decided_by":"ada","use_by":"2090-04-11T06:02:12.345567Z"}', '2090-04-11 06:02:12.345567+00', NULL, 0, false, '2026-11-25 02:28:52.441992+00', '', '2026-11-25 02:28:51.9395+00', '2026-11-24 12:00:00+00');
INSERT INTO public.runs VALUES ('in doubt', 'billing', 'IN_DOUBT', 3, NULL, NULL, '2b5b58b8-71b5-50f8-93b6-0f301aa04ef4', 'ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99', '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1e877f-2b62-6f25-8000-c4c4f40be410","kind":"DYNAMIC","interrupt_id":"eb3f7f31ade43d187c96d6836cc6aa08","task_ids":[],"next_nodes":[]}', '{"plan_id":"2b5b58b8-71b5-50f8-93b6-0f301aa04ef4","revision":1,"digest":"ea75cfc2015f0dd4a2365a80f3ceaa23ea74edc7b08c3e254b9e968bc0f25d99","state":"APPROVED","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"note":"","decided_by":"ada","use_by":"2090-04-11T06:02:09.816229Z"}', '2090-04-11 06:02:09.816229+00', '1f1e877f-35e9-6fce-8001-7443e93e5059', 2, false, '2026-11-25 02:28:51.252434+00', 'the worker that began it did not say how it ended', '2026-11-25 02:28:49.496623+00', '2026-11-25 02:28:51.412158+00');
INSERT INTO public.runs VALUES ('decided early', 'billing', 'PAUSED', 1, NULL, NULL, 'dcb5fb51-8f4b-579f-ab92-cf1a87c18f0c', NULL, '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"decided early","checkpoint_ns":"","checkpoint_id":"1f1e877f-401e-6191-8000-6f93f45272dd","kind":"DYNAMIC","interrupt_id":"1481106b269f52462ea956ee34b43211","task_ids":[],"next_nodes":[]}', NULL, NULL, NULL, 0, false, '2026-11-25 02:28:51.845034+00', '', '2026-11-25 02:28:51.547033+00', '2026-11-25 02:28:51.845034+00');
SELECT pg_catalog.setval('public.decisions_arrival_seq', 3, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 7, true);
ALTER TABLE ONLY public.cleared_steps
    ADD CONSTRAINT a_cleared_step_has_one_content UNIQUE (digest, step_id, step_digest);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.checkpoint_blobs
    ADD CONSTRAINT checkpoint_blobs_pkey PRIMARY KEY (thread_id, checkpoint_ns, channel, version);
ALTER TABLE ONLY public.checkpoint_migrations
    ADD CONSTRAINT checkpoint_migrations_pkey PRIMARY KEY (v);
ALTER TABLE ONLY public.checkpoint_writes
    ADD CONSTRAINT checkpoint_writes_pkey PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx);
ALTER TABLE ONLY public.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id);
ALTER TABLE ONLY public.clearances
    ADD CONSTRAINT pk_clearances PRIMARY KEY (digest);
ALTER TABLE ONLY public.cleared_steps
    ADD CONSTRAINT pk_cleared_steps PRIMARY KEY (digest, step_id);
ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT pk_decisions PRIMARY KEY (arrival);
ALTER TABLE ONLY public.effects
    ADD CONSTRAINT pk_effects PRIMARY KEY (effect_id);
ALTER TABLE ONLY public.gates
    ADD CONSTRAINT pk_gates PRIMARY KEY (gate_id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);
ALTER TABLE ONLY public.outcomes
    ADD CONSTRAINT pk_outcomes PRIMARY KEY (plan_id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT pk_runs PRIMARY KEY (thread_id);
ALTER TABLE ONLY public.decisions
    ADD CONSTRAINT uq_decisions_decision_id UNIQUE (decision_id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT uq_outbox_event_id UNIQUE (event_id);
CREATE UNIQUE INDEX a_quorum_counts_distinct_people ON public.decisions USING btree (gate_id, decided_by) WHERE (disposition = 'COUNTED'::text);
CREATE INDEX checkpoint_blobs_thread_id_idx ON public.checkpoint_blobs USING btree (thread_id);
CREATE INDEX checkpoint_writes_thread_id_idx ON public.checkpoint_writes USING btree (thread_id);
CREATE INDEX checkpoints_thread_id_idx ON public.checkpoints USING btree (thread_id);
CREATE INDEX ix_clearances_plan_id ON public.clearances USING btree (plan_id);
CREATE INDEX ix_decisions_gate_id ON public.decisions USING btree (gate_id);
CREATE INDEX ix_decisions_waiting ON public.decisions USING btree (recorded_at) WHERE (disposition = 'WAITING'::text);
CREATE INDEX ix_effects_plan_id ON public.effects USING btree (plan_id);
CREATE INDEX ix_effects_window ON public.effects USING btree (window_key, claimed_at);
CREATE INDEX ix_gates_pending ON public.gates USING btree (deadline) WHERE (state = 'PENDING'::text);
CREATE INDEX ix_gates_plan_id ON public.gates USING btree (plan_id);
CREATE INDEX ix_gates_thread_id ON public.gates USING btree (thread_id);
CREATE INDEX ix_runs_alone ON public.runs USING btree (not_before) WHERE ((status = 'READY'::text) AND alone);
CREATE INDEX ix_runs_leases ON public.runs USING btree (lease_until) WHERE (status = 'RUNNING'::text);
CREATE INDEX ix_runs_ready ON public.runs USING btree (not_before) WHERE (status = 'READY'::text);
CREATE UNIQUE INDEX the_first_decision_wins ON public.decisions USING btree (gate_id) WHERE (disposition = 'DECIDED'::text);
ALTER TABLE ONLY public.clearances
    ADD CONSTRAINT fk_clearances_gate_id FOREIGN KEY (gate_id) REFERENCES public.gates(gate_id);
ALTER TABLE ONLY public.cleared_steps
    ADD CONSTRAINT fk_cleared_steps_digest FOREIGN KEY (digest) REFERENCES public.clearances(digest);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT fk_runs_digest FOREIGN KEY (digest) REFERENCES public.clearances(digest);
ALTER TABLE ONLY public.effects
    ADD CONSTRAINT no_effect_without_clearance FOREIGN KEY (digest, step_id, step_digest) REFERENCES public.cleared_steps(digest, step_id, step_digest);
