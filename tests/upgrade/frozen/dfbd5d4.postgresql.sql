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
CREATE FUNCTION public.a_clearance_is_renewed_by_another_gate_alone() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a_clearance_is_renewed_by_another_gate_alone' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.a_closed_gate_has_its_decision() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM decisions WHERE gate_id = NEW.gate_id AND disposition = 'DECIDED') THEN RAISE EXCEPTION 'a_closed_gate_has_its_decision' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END IF; RETURN NEW; END $$;
CREATE FUNCTION public.a_closed_gate_never_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a_closed_gate_never_changes' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.a_recorded_decision_never_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a_recorded_decision_never_changes' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.a_succeeded_effect_is_final() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a_succeeded_effect_is_final' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.an_effect_keeps_its_plan_and_step() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'an_effect_keeps_its_plan_and_step' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.nothing_is_repeated_in_doubt() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'nothing_is_repeated_in_doubt' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.only_an_approved_gate_clears() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM gates WHERE gate_id = NEW.gate_id AND plan_id = NEW.plan_id AND state = 'APPROVED' AND kind = 'PLAN' AND timing = 'BEFORE') THEN RAISE EXCEPTION 'only_an_approved_gate_clears' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END IF; RETURN NEW; END $$;
CREATE FUNCTION public.the_first_outcome_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the_first_outcome_stays' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.the_terms_of_a_gate_are_frozen() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the_terms_of_a_gate_are_frozen' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.tokens_only_grow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'tokens_only_grow' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.what_became_of_a_decision_is_final() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'what_became_of_a_decision_is_final' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.what_was_cleared_never_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'what_was_cleared_never_changes' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
CREATE FUNCTION public.what_was_said_never_changes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'what_was_said_never_changes' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME; END $$;
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
    CONSTRAINT a_paused_run_may_do_nothing CHECK (((status <> 'PAUSED'::text) OR ((answer IS NULL) AND (digest IS NULL) AND (use_by IS NULL)))),
    CONSTRAINT a_ready_run_has_an_answer CHECK (((status <> 'READY'::text) OR (answer IS NOT NULL))),
    CONSTRAINT a_run_in_doubt_can_go_on CHECK (((status <> 'IN_DOUBT'::text) OR ((answer IS NOT NULL) AND (digest IS NOT NULL)))),
    CONSTRAINT a_running_run_has_a_worker CHECK (((status = 'RUNNING'::text) = (worker IS NOT NULL))),
    CONSTRAINT a_waiting_run_has_a_pause_and_a_plan CHECK (((status <> ALL (ARRAY['PAUSED'::text, 'READY'::text, 'IN_DOUBT'::text])) OR ((pause IS NOT NULL) AND (plan_id IS NOT NULL)))),
    CONSTRAINT one_run_one_worker CHECK (((status = 'RUNNING'::text) = (lease_until IS NOT NULL))),
    CONSTRAINT run_status_is_a_word CHECK ((status = ANY (ARRAY['RUNNING'::text, 'PAUSED'::text, 'READY'::text, 'DONE'::text, 'FAILED'::text, 'IN_DOUBT'::text, 'STALE'::text]))),
    CONSTRAINT what_is_cleared_is_a_plan CHECK (((digest IS NULL) OR (plan_id IS NOT NULL)))
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
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.checkpoint_blobs VALUES ('waiting', '', '__start__', '00000000000000000000000000000001.0.5871423182015754', 'msgpack', '\x81a377686f91a3616e6e');
INSERT INTO public.checkpoint_blobs VALUES ('waiting', '', 'who', '00000000000000000000000000000002.0.9297449271031795', 'msgpack', '\x91a3616e6e');
INSERT INTO public.checkpoint_blobs VALUES ('in doubt', '', '__start__', '00000000000000000000000000000001.0.21273446778483418', 'msgpack', '\x81a377686f92a364616ea3657665');
INSERT INTO public.checkpoint_blobs VALUES ('in doubt', '', 'who', '00000000000000000000000000000002.0.13115594818372045', 'msgpack', '\x92a364616ea3657665');
INSERT INTO public.checkpoint_blobs VALUES ('in doubt', '', 'verdict', '00000000000000000000000000000003.0.8773136560143202', 'msgpack', '\x89a7706c616e5f6964d92463626638393063332d633033312d353565652d383739302d646232613139303762653230a87265766973696f6e01a6646967657374d94031643066623632336431616632653162663562343331616438383062653932326136313166333733326234653537373133623765353161656531373639383139a57374617465a8415050524f564544a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a46e6f7465a0aa646563696465645f6279a3616461a67573655f6279bb323039302d30342d31355431303a31323a34332e3635333931365aa8617070726f766564c3');
INSERT INTO public.checkpoint_blobs VALUES ('decided early', '', '__start__', '00000000000000000000000000000001.0.07771699852242098', 'msgpack', '\x81a377686f91a3666179');
INSERT INTO public.checkpoint_blobs VALUES ('decided early', '', 'who', '00000000000000000000000000000002.0.9258875733784568', 'msgpack', '\x91a3666179');
INSERT INTO public.checkpoint_blobs VALUES ('approved', '', '__start__', '00000000000000000000000000000001.0.7305104802681575', 'msgpack', '\x81a377686f92a3626f62a3636964');
INSERT INTO public.checkpoint_blobs VALUES ('approved', '', 'who', '00000000000000000000000000000002.0.9995214982420274', 'msgpack', '\x92a3626f62a3636964');
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
INSERT INTO public.checkpoint_writes VALUES ('waiting', '', '1f1ebbf9-d45e-6e1d-bfff-70853b987339', 'f159da7a-0ca3-5278-be72-3abc1071aa4b', 0, 'who', 'msgpack', '\x91a3616e6e', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('waiting', '', '1f1ebbf9-d45e-6e1d-bfff-70853b987339', 'f159da7a-0ca3-5278-be72-3abc1071aa4b', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('waiting', '', '1f1ebbf9-d464-6ffe-8000-1979819bb87c', '4f739e9a-9685-bf56-3592-bd58f594bc7f', -3, '__interrupt__', 'msgpack', '\x91c7f60293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739184a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3616e6eac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9203633316566353031653661326135633436373632393434366162376534656339af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1ebbf9-d57c-68fa-bfff-f56f0414d679', 'fd3f19f4-a49e-bbbe-e4df-c46a02e38831', 0, 'who', 'msgpack', '\x92a364616ea3657665', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1ebbf9-d57c-68fa-bfff-f56f0414d679', 'fd3f19f4-a49e-bbbe-e4df-c46a02e38831', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8', 'e370a106-8eab-290b-d1ad-fc7395cf6d08', -3, '__interrupt__', 'msgpack', '\x91c801390293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9206365663534373137346233633939643934303137373731663836313434656564af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8', 'e370a106-8eab-290b-d1ad-fc7395cf6d08', -4, '__resume__', 'msgpack', '\x9181a8706c616e6761746588a7706c616e5f6964d92463626638393063332d633033312d353565652d383739302d646232613139303762653230a87265766973696f6e01a6646967657374d94031643066623632336431616632653162663562343331616438383062653932326136313166333733326234653537373133623765353161656531373639383139a57374617465a8415050524f564544a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a46e6f7465a0aa646563696465645f6279a3616461a67573655f6279bb323039302d30342d31355431303a31323a34332e3635333931365a', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8', 'e370a106-8eab-290b-d1ad-fc7395cf6d08', 1, 'verdict', 'msgpack', '\x89a7706c616e5f6964d92463626638393063332d633033312d353565652d383739302d646232613139303762653230a87265766973696f6e01a6646967657374d94031643066623632336431616632653162663562343331616438383062653932326136313166333733326234653537373133623765353161656531373639383139a57374617465a8415050524f564544a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa364616eac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3657665ac636c61696d65645f74696572c0a46e6f7465a0aa646563696465645f6279a3616461a67573655f6279bb323039302d30342d31355431303a31323a34332e3635333931365aa8617070726f766564c3', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('in doubt', '', '1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8', 'e370a106-8eab-290b-d1ad-fc7395cf6d08', 2, 'branch:to:act', 'null', '\x', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('decided early', '', '1f1ebbf9-deb1-629e-bfff-c630350fc007', 'd0f0ef57-86e9-2729-429d-3024d10238ac', 0, 'who', 'msgpack', '\x91a3666179', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('decided early', '', '1f1ebbf9-deb1-629e-bfff-c630350fc007', 'd0f0ef57-86e9-2729-429d-3024d10238ac', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('decided early', '', '1f1ebbf9-deb2-65ef-8000-c61b27fba93e', 'dedd8e7b-a702-4c2f-f537-764d99f7f7ed', -3, '__interrupt__', 'msgpack', '\x91c7f60293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739184a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3666179ac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9206539663365666361633335663830343862376338376135363864616364616134af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoint_writes VALUES ('approved', '', '1f1ebbf9-df8e-667b-bfff-0b0de4761234', '6434add9-010f-b97a-fa4b-a2ff88bd9789', 0, 'who', 'msgpack', '\x92a3626f62a3636964', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('approved', '', '1f1ebbf9-df8e-667b-bfff-0b0de4761234', '6434add9-010f-b97a-fa4b-a2ff88bd9789', 1, 'branch:to:ask', 'null', '\x', '~__pregel_pull, __start__');
INSERT INTO public.checkpoint_writes VALUES ('approved', '', '1f1ebbf9-df8f-674b-8000-d05328f06b08', '1950871b-ba37-6002-f1ee-77f02cb356fd', -3, '__interrupt__', 'msgpack', '\x91c801390293af6c616e6767726170682e7479706573a9496e7465727275707483a576616c756581a8706c616e6761746584a4676f616ca0a573746570739284a7737465705f6964a27331ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3626f62ac636c61696d65645f74696572c084a7737465705f6964a27332ab616374696f6e5f74797065aa656d61696c2e73656e64a9617267756d656e747381a2746fa3636964ac636c61696d65645f74696572c0a56167656e7484a46e616d65a762696c6c696e67a56d6f64656cc0ae70726f6d70745f76657273696f6ec0a5746f6f6c73c0a870726f706f736572a762696c6c696e67a26964d9203338306236353763396538383534616239633939663735326637353837363266af726573706f6e73655f736368656d61c0', '~__pregel_pull, ask');
INSERT INTO public.checkpoints VALUES ('waiting', '', '1f1ebbf9-d45e-6e1d-bfff-70853b987339', NULL, NULL, '{"v": 4, "id": "1f1ebbf9-d45e-6e1d-bfff-70853b987339", "ts": "2026-11-29T06:39:23.508270+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.5871423182015754"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('waiting', '', '1f1ebbf9-d464-6ffe-8000-1979819bb87c', '1f1ebbf9-d45e-6e1d-bfff-70853b987339', NULL, '{"v": 4, "id": "1f1ebbf9-d464-6ffe-8000-1979819bb87c", "ts": "2026-11-29T06:39:23.510773+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.5871423182015754"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.9297449271031795", "__start__": "00000000000000000000000000000002.0.9297449271031795", "branch:to:ask": "00000000000000000000000000000002.0.9297449271031795"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('in doubt', '', '1f1ebbf9-d57c-68fa-bfff-f56f0414d679', NULL, NULL, '{"v": 4, "id": "1f1ebbf9-d57c-68fa-bfff-f56f0414d679", "ts": "2026-11-29T06:39:23.625287+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.21273446778483418"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('in doubt', '', '1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8', '1f1ebbf9-d57c-68fa-bfff-f56f0414d679', NULL, '{"v": 4, "id": "1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8", "ts": "2026-11-29T06:39:23.625783+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.21273446778483418"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.13115594818372045", "__start__": "00000000000000000000000000000002.0.13115594818372045", "branch:to:ask": "00000000000000000000000000000002.0.13115594818372045"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('in doubt', '', '1f1ebbf9-d6c4-6723-8001-dc28c01ccafd', '1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8', NULL, '{"v": 4, "id": "1f1ebbf9-d6c4-6723-8001-dc28c01ccafd", "ts": "2026-11-29T06:39:23.759579+00:00", "versions_seen": {"ask": {"branch:to:ask": "00000000000000000000000000000002.0.13115594818372045"}, "__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.21273446778483418"}, "__interrupt__": {"who": "00000000000000000000000000000002.0.13115594818372045", "__start__": "00000000000000000000000000000002.0.13115594818372045", "branch:to:ask": "00000000000000000000000000000002.0.13115594818372045"}}, "channel_values": {"branch:to:act": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.13115594818372045", "verdict": "00000000000000000000000000000003.0.8773136560143202", "__start__": "00000000000000000000000000000002.0.13115594818372045", "branch:to:act": "00000000000000000000000000000003.0.8773136560143202", "branch:to:ask": "00000000000000000000000000000003.0.8773136560143202"}, "updated_channels": ["branch:to:act", "verdict"]}', '{"step": 1, "source": "loop", "parents": {}, "plangate_plan": "cbf890c3-c031-55ee-8790-db2a1907be20", "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('decided early', '', '1f1ebbf9-deb1-629e-bfff-c630350fc007', NULL, NULL, '{"v": 4, "id": "1f1ebbf9-deb1-629e-bfff-c630350fc007", "ts": "2026-11-29T06:39:24.590551+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.07771699852242098"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('decided early', '', '1f1ebbf9-deb2-65ef-8000-c61b27fba93e', '1f1ebbf9-deb1-629e-bfff-c630350fc007', NULL, '{"v": 4, "id": "1f1ebbf9-deb2-65ef-8000-c61b27fba93e", "ts": "2026-11-29T06:39:24.591043+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.07771699852242098"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.9258875733784568", "__start__": "00000000000000000000000000000002.0.9258875733784568", "branch:to:ask": "00000000000000000000000000000002.0.9258875733784568"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('approved', '', '1f1ebbf9-df8e-667b-bfff-0b0de4761234', NULL, NULL, '{"v": 4, "id": "1f1ebbf9-df8e-667b-bfff-0b0de4761234", "ts": "2026-11-29T06:39:24.681171+00:00", "versions_seen": {"__input__": {}}, "channel_values": {}, "channel_versions": {"__start__": "00000000000000000000000000000001.0.7305104802681575"}, "updated_channels": ["__start__"]}', '{"step": -1, "source": "input", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.checkpoints VALUES ('approved', '', '1f1ebbf9-df8f-674b-8000-d05328f06b08', '1f1ebbf9-df8e-667b-bfff-0b0de4761234', NULL, '{"v": 4, "id": "1f1ebbf9-df8f-674b-8000-d05328f06b08", "ts": "2026-11-29T06:39:24.681602+00:00", "versions_seen": {"__input__": {}, "__start__": {"__start__": "00000000000000000000000000000001.0.7305104802681575"}}, "channel_values": {"branch:to:ask": null}, "channel_versions": {"who": "00000000000000000000000000000002.0.9995214982420274", "__start__": "00000000000000000000000000000002.0.9995214982420274", "branch:to:ask": "00000000000000000000000000000002.0.9995214982420274"}, "updated_channels": ["branch:to:ask", "who"]}', '{"step": 0, "source": "loop", "parents": {}, "plangate_graph": "billing"}');
INSERT INTO public.clearances VALUES ('1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819', 'cbf890c3-c031-55ee-8790-db2a1907be20', 1, '5e89899b-f22e-5be7-b568-4e7300f273fa', '2026-11-29 06:39:23.653916+00', '2090-04-15 10:12:43.653916+00', '{"event_id":"4230c3bd-7f09-5540-94b0-59ff50f9dc5b","request_id":"5e89899b-f22e-5be7-b568-4e7300f273fa","decision_id":"1fd49c0c-a5d9-5f3f-9a22-5a52947c20ac","kind":"PLAN","timing":"BEFORE","plan_id":"cbf890c3-c031-55ee-8790-db2a1907be20","revision":1,"digest":"1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8","kind":"DYNAMIC","interrupt_id":"cef547174b3c99d94017771f86144eed","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-29T06:39:23.653916Z","note":"","use_by":"2090-04-15T10:12:43.653916Z"}');
INSERT INTO public.clearances VALUES ('d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d', 'ef2ae077-7a86-5800-b57c-9f28610b300e', 1, '855d12e8-89f5-5f1e-a8c6-4b85354b8f99', '2026-11-29 06:39:24.764205+00', '2090-04-15 10:12:44.764205+00', '{"event_id":"85d7b1f4-53b4-58cf-ad56-12e22300cc9d","request_id":"855d12e8-89f5-5f1e-a8c6-4b85354b8f99","decision_id":"90afcc48-afd6-5fd7-9d77-b9954c8b12fd","kind":"PLAN","timing":"BEFORE","plan_id":"ef2ae077-7a86-5800-b57c-9f28610b300e","revision":1,"digest":"d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-df8f-674b-8000-d05328f06b08","kind":"DYNAMIC","interrupt_id":"380b657c9e8854ab9c99f752f758762f","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-29T06:39:24.764205Z","note":"","use_by":"2090-04-15T10:12:44.764205Z"}');
INSERT INTO public.cleared_steps VALUES ('1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819', 's1', 'cea44f55fc7bdd02ff130afffe8974cf45b25fd54756915ecbf672f677416916');
INSERT INTO public.cleared_steps VALUES ('1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819', 's2', '590fa452f191816f0bf8b76d1702404b9334c5b6f542a49e595bb89edccec61f');
INSERT INTO public.cleared_steps VALUES ('d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d', 's1', 'df4143c6f7a9a2166391f051ec33c91f984a2c7ea6cca9b92bc8825cc7e06f8c');
INSERT INTO public.cleared_steps VALUES ('d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d', 's2', '8f9a16df2982c8dabbd07e661dd9d619393c3d7024f1cbd5043350ea3f7ea7e2');
INSERT INTO public.decisions VALUES (1, '1fd49c0c-a5d9-5f3f-9a22-5a52947c20ac', '5e89899b-f22e-5be7-b568-4e7300f273fa', 'cbf890c3-c031-55ee-8790-db2a1907be20', 'APPROVE', 'ada', '2026-11-29 06:39:23.653916+00', '2026-11-24 12:00:00+00', 'DECIDED', 'closed the gate: APPROVED', '{"event_id":"1fd49c0c-a5d9-5f3f-9a22-5a52947c20ac","request_id":"5e89899b-f22e-5be7-b568-4e7300f273fa","plan_id":"cbf890c3-c031-55ee-8790-db2a1907be20","revision":1,"digest":"1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819","kind":"APPROVE","decided_at":"2026-11-29T06:39:23.653916Z","decided_by":"ada","decider":"PERSON","note":"","reason_code":null,"steps":null,"step_ids":[],"resolution":null}');
INSERT INTO public.decisions VALUES (2, '100ceaeb-2ae1-5877-b364-49cd31ef5b22', 'ba98866e-6ee1-55a3-bf91-bd75c58e972c', '1e896987-a3b6-57ea-9ab6-92aae4237630', 'APPROVE', 'ada', '2026-11-29 06:39:24.636225+00', '2026-11-24 12:00:00+00', 'WAITING', 'its approval request has not come yet', '{"event_id":"100ceaeb-2ae1-5877-b364-49cd31ef5b22","request_id":"ba98866e-6ee1-55a3-bf91-bd75c58e972c","plan_id":"1e896987-a3b6-57ea-9ab6-92aae4237630","revision":1,"digest":"785d96a330c57c0b709e1f056b6b24b0cdc734d8a0ae2b260e198324ab2b8aa4","kind":"APPROVE","decided_at":"2026-11-29T06:39:24.636225Z","decided_by":"ada","decider":"PERSON","note":"","reason_code":null,"steps":null,"step_ids":[],"resolution":null}');
INSERT INTO public.decisions VALUES (3, '90afcc48-afd6-5fd7-9d77-b9954c8b12fd', '855d12e8-89f5-5f1e-a8c6-4b85354b8f99', 'ef2ae077-7a86-5800-b57c-9f28610b300e', 'APPROVE', 'ada', '2026-11-29 06:39:24.764205+00', '2026-11-24 12:00:00+00', 'DECIDED', 'closed the gate: APPROVED', '{"event_id":"90afcc48-afd6-5fd7-9d77-b9954c8b12fd","request_id":"855d12e8-89f5-5f1e-a8c6-4b85354b8f99","plan_id":"ef2ae077-7a86-5800-b57c-9f28610b300e","revision":1,"digest":"d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d","kind":"APPROVE","decided_at":"2026-11-29T06:39:24.764205Z","decided_by":"ada","decider":"PERSON","note":"","reason_code":null,"steps":null,"step_ids":[],"resolution":null}');
INSERT INTO public.effects VALUES ('c3674e5c-0aa8-559b-ab83-03368f61e135', 'cbf890c3-c031-55ee-8790-db2a1907be20', '1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819', 's1', 'cea44f55fc7bdd02ff130afffe8974cf45b25fd54756915ecbf672f677416916', 'email.send', 'in doubt', 3, 'resumer-30856', 'IN_DOUBT', NULL, 1, 'the worker that began it did not say how it ended', NULL, '2026-11-29 06:39:23.760728+00', NULL);
INSERT INTO public.gates VALUES ('14a45107-6eb9-56fe-bac9-9d934120d243', '10960f34-5a96-54b8-9cae-52b1fa9a415a', 1, '08d2c4688e4910dc6e9873afcbe716bd4541ffbf08ad223a45590de1a26656b7', 'PLAN', 'BEFORE', 1, 'PENDING', 'waiting', '2100-01-01 00:00:00+00', '2026-11-24 12:00:00+00', '{"event_id":"e917fa0f-c56b-5aed-8c09-f3316777f6fe","request_id":"14a45107-6eb9-56fe-bac9-9d934120d243","kind":"PLAN","timing":"BEFORE","attempt":1,"plan_id":"10960f34-5a96-54b8-9cae-52b1fa9a415a","revision":1,"digest":"08d2c4688e4910dc6e9873afcbe716bd4541ffbf08ad223a45590de1a26656b7","requested_at":"2026-11-24T12:00:00Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"ann"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"waiting","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-d464-6ffe-8000-1979819bb87c","kind":"DYNAMIC","interrupt_id":"631ef501e6a2a5c467629446ab7e4ec9","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Send 2 emails","tier":"IRREVERSIBLE","step_ids":["s1","s2"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2100-01-01T00:00:00Z","use_by_s":2000000000,"allowed":["APPROVE","EDIT","REJECT","RESPOND"]}},"in_doubt":null}', NULL, NULL, NULL);
INSERT INTO public.gates VALUES ('5e89899b-f22e-5be7-b568-4e7300f273fa', 'cbf890c3-c031-55ee-8790-db2a1907be20', 1, '1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819', 'PLAN', 'BEFORE', 1, 'APPROVED', 'in doubt', '2026-11-29 07:39:23.653916+00', '2026-11-29 06:39:23.653916+00', '{"event_id":"c3a6471c-dd23-5b25-bb46-7426aef9d6ef","request_id":"5e89899b-f22e-5be7-b568-4e7300f273fa","kind":"PLAN","timing":"BEFORE","attempt":1,"plan_id":"cbf890c3-c031-55ee-8790-db2a1907be20","revision":1,"digest":"1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819","requested_at":"2026-11-29T06:39:23.653916Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8","kind":"DYNAMIC","interrupt_id":"cef547174b3c99d94017771f86144eed","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Send 2 emails","tier":"IRREVERSIBLE","step_ids":["s1","s2"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2026-11-29T07:39:23.653916Z","use_by_s":2000000000,"allowed":["APPROVE","EDIT","REJECT","RESPOND"]}},"in_doubt":null}', '{"event_id":"4230c3bd-7f09-5540-94b0-59ff50f9dc5b","request_id":"5e89899b-f22e-5be7-b568-4e7300f273fa","decision_id":"1fd49c0c-a5d9-5f3f-9a22-5a52947c20ac","kind":"PLAN","timing":"BEFORE","plan_id":"cbf890c3-c031-55ee-8790-db2a1907be20","revision":1,"digest":"1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8","kind":"DYNAMIC","interrupt_id":"cef547174b3c99d94017771f86144eed","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-29T06:39:23.653916Z","note":"","use_by":"2090-04-15T10:12:43.653916Z"}', NULL, NULL);
INSERT INTO public.gates VALUES ('2b2b9219-31b0-5230-99a3-8921f545d752', 'cbf890c3-c031-55ee-8790-db2a1907be20', 1, '1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819', 'IN_DOUBT', 'AFTER', 1, 'PENDING', 'in doubt', '2026-12-06 06:39:24.368982+00', '2026-11-29 06:39:24.368982+00', '{"event_id":"103a642c-9bfc-5135-97e3-8d218b3b0f1e","request_id":"2b2b9219-31b0-5230-99a3-8921f545d752","kind":"IN_DOUBT","timing":"AFTER","attempt":1,"plan_id":"cbf890c3-c031-55ee-8790-db2a1907be20","revision":1,"digest":"1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819","requested_at":"2026-11-29T06:39:24.368982Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8","kind":"DYNAMIC","interrupt_id":"cef547174b3c99d94017771f86144eed","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Step s1 (email.send) may or may not have happened: the worker that began it did not say how it ended. It is part of: Send 2 emails. resumer-30856 began it at 2026-11-29 06:39:23 UTC. Look where it would show, then say: HAPPENED: it counts as done, and the plan goes on. RETRY: it is done once more; see first that it did not happen and that resumer-30856 is not still at it. ABANDON: it counts as failed, and is not done again.","tier":"IRREVERSIBLE","step_ids":["s1"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2026-12-06T06:39:24.368982Z","use_by_s":0,"allowed":["RESOLVE"]}},"in_doubt":{"step_id":"s1","known":"the worker that began it did not say how it ended"}}', NULL, NULL, NULL);
INSERT INTO public.gates VALUES ('855d12e8-89f5-5f1e-a8c6-4b85354b8f99', 'ef2ae077-7a86-5800-b57c-9f28610b300e', 1, 'd6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d', 'PLAN', 'BEFORE', 1, 'APPROVED', 'approved', '2026-11-29 07:39:24.764205+00', '2026-11-29 06:39:24.764205+00', '{"event_id":"191553c7-25dd-5344-9270-0ecf681fc45e","request_id":"855d12e8-89f5-5f1e-a8c6-4b85354b8f99","kind":"PLAN","timing":"BEFORE","attempt":1,"plan_id":"ef2ae077-7a86-5800-b57c-9f28610b300e","revision":1,"digest":"d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d","requested_at":"2026-11-29T06:39:24.764205Z","tier":"IRREVERSIBLE","level":"L0","policy":"0000000000000000000000000000000000000000000000000000000000000000","proposer":"billing-service","agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-df8f-674b-8000-d05328f06b08","kind":"DYNAMIC","interrupt_id":"380b657c9e8854ab9c99f752f758762f","task_ids":[],"next_nodes":[]},"review":{"groups":[{"text":"Send 2 emails","tier":"IRREVERSIBLE","step_ids":["s1","s2"]}],"findings":[],"reasons":[],"terms":{"reviewers":[],"quorum":1,"deadline":"2026-11-29T07:39:24.764205Z","use_by_s":2000000000,"allowed":["APPROVE","EDIT","REJECT","RESPOND"]}},"in_doubt":null}', '{"event_id":"85d7b1f4-53b4-58cf-ad56-12e22300cc9d","request_id":"855d12e8-89f5-5f1e-a8c6-4b85354b8f99","decision_id":"90afcc48-afd6-5fd7-9d77-b9954c8b12fd","kind":"PLAN","timing":"BEFORE","plan_id":"ef2ae077-7a86-5800-b57c-9f28610b300e","revision":1,"digest":"d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d","state":"APPROVED","execute":true,"steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"run":{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-df8f-674b-8000-d05328f06b08","kind":"DYNAMIC","interrupt_id":"380b657c9e8854ab9c99f752f758762f","task_ids":[],"next_nodes":[]},"decided_by":"ada","decided_at":"2026-11-29T06:39:24.764205Z","note":"","use_by":"2090-04-15T10:12:44.764205Z"}', NULL, NULL);
INSERT INTO public.outbox VALUES (1, 'ab419609-722b-5544-92d0-cee0631053d9', 'PlanProposed', '10960f34-5a96-54b8-9cae-52b1fa9a415a', '\x4861623431393630392d373232622d353534342d393264302d6365653036333130353364394831303936306633342d356139362d353462382d396361652d35326231666139613431356102dca9badc91d9b0060e62696c6c696e670e62696c6c696e67000000000204733114656d61696c2e73656e64187b22746f223a22616e6e227d0000020e62696c6c696e6720313737333463623532343634356630640e77616974696e67004831663165626266392d643436342d366666652d383030302d31393739383139626238376300024036333165663530316536613261356334363736323934343661623765346563390000', '2026-11-29 06:39:23.535982+00');
INSERT INTO public.outbox VALUES (2, '7090d3b6-25ac-50e6-b855-94cc9cd5507c', 'PlanProposed', 'cbf890c3-c031-55ee-8790-db2a1907be20', '\x4837303930643362362d323561632d353065362d623835352d3934636339636435353037634863626638393063332d633033312d353565652d383739302d64623261313930376265323002e2d4c6dc91d9b0060e62696c6c696e670e62696c6c696e67000000000404733114656d61696c2e73656e64187b22746f223a2264616e227d0004733214656d61696c2e73656e64187b22746f223a22657665227d0000020e62696c6c696e67203137373334636235323436343566306410696e20646f756274004831663165626266392d643537642d366336612d383030302d66386133626133623261643800024063656635343731373462336339396439343031373737316638363134346565640000', '2026-11-29 06:39:23.637041+00');
INSERT INTO public.outbox VALUES (3, '4230c3bd-7f09-5540-94b0-59ff50f9dc5b', 'PlanDecided', 'cbf890c3-c031-55ee-8790-db2a1907be20', '\x4834323330633362642d376630392d353534302d393462302d3539666635306639646335624835653839383939622d663232652d356265372d623536382d3465373330306632373366614831666434396330632d613564392d356633662d396132322d35613532393437633230616300004863626638393063332d633033312d353565652d383739302d6462326131393037626532300280013164306662363233643161663265316266356234333161643838306265393232613631316633373332623465353737313362376535316165653137363938313902010404733114656d61696c2e73656e64187b22746f223a2264616e227d0004733214656d61696c2e73656e64187b22746f223a22657665227d0000020e62696c6c696e67203137373334636235323436343566306410696e20646f756274004831663165626266392d643537642d366336612d383030302d6638613362613362326164380002406365663534373137346233633939643934303137373731663836313434656564000006616461b8dcc8dc91d9b0060002b8dcb0f5ba98be0d', '2026-11-24 12:00:00+00');
INSERT INTO public.outbox VALUES (4, '103a642c-9bfc-5135-97e3-8d218b3b0f1e', 'ApprovalRequested', 'cbf890c3-c031-55ee-8790-db2a1907be20', '\x4831303361363432632d396266632d353133352d393765332d3864323138623362306631654832623262393231392d333162302d353233302d393961332d3839323166353435643735320202024863626638393063332d633033312d353565652d383739302d64623261313930376265323002800131643066623632336431616632653162663562343331616438383062653932326136313166333733326234653537373133623765353161656531373639383139ac81a0dd91d9b00604008001303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030301e62696c6c696e672d736572766963650c62696c6c65720000000c72656d696e640404733114656d61696c2e73656e64187b22746f223a2264616e227d0004733214656d61696c2e73656e64187b22746f223a22657665227d0000020e62696c6c696e67203137373334636235323436343566306410696e20646f756274004831663165626266392d643537642d366336612d383030302d6638613362613362326164380002406365663534373137346233633939643934303137373731663836313434656564000002d606537465702073312028656d61696c2e73656e6429206d6179206f72206d6179206e6f7420686176652068617070656e65643a2074686520776f726b6572207468617420626567616e20697420646964206e6f742073617920686f7720697420656e6465642e2049742069732070617274206f663a2053656e64203220656d61696c732e20726573756d65722d333038353620626567616e20697420617420323032362d31312d32392030363a33393a3233205554432e204c6f6f6b20776865726520697420776f756c642073686f772c207468656e207361793a2048415050454e45443a20697420636f756e747320617320646f6e652c20616e642074686520706c616e20676f6573206f6e2e2052455452593a20697420697320646f6e65206f6e6365206d6f72653b20736565206669727374207468617420697420646964206e6f742068617070656e20616e64207468617420726573756d65722d3330383536206973206e6f74207374696c6c2061742069742e204142414e444f4e3a20697420636f756e7473206173206661696c65642c20616e64206973206e6f7420646f6e6520616761696e2e0402047331000000000002ac81bdebabfcb00600021200020473316274686520776f726b6572207468617420626567616e20697420646964206e6f742073617920686f7720697420656e646564', '2026-11-29 06:39:24.422657+00');
INSERT INTO public.outbox VALUES (5, 'cc190094-ce67-5b79-9c05-d2a4ca38d082', 'PlanProposed', '1e896987-a3b6-57ea-9ab6-92aae4237630', '\x4863633139303039342d636536372d356237392d396330352d6432613463613338643038324831653839363938372d613362362d353765612d396162362d39326161653432333736333002ea9bbfdd91d9b0060e62696c6c696e670e62696c6c696e67000000000204733114656d61696c2e73656e64187b22746f223a22666179227d0000020e62696c6c696e6720313737333463623532343634356630641a64656369646564206561726c79004831663165626266392d646562322d363565662d383030302d63363162323766626139336500024065396633656663616333356638303438623763383761353638646163646161340000', '2026-11-29 06:39:24.624629+00');
INSERT INTO public.outbox VALUES (6, 'b1d02c0c-c51e-5c24-93d4-2832c2ab5620', 'PlanProposed', 'ef2ae077-7a86-5800-b57c-9f28610b300e', '\x4862316430326330632d633531652d356332342d393364342d3238333263326162353632304865663261653037372d376138362d353830302d623537632d39663238363130623330306502aebacddd91d9b0060e62696c6c696e670e62696c6c696e67000000000404733114656d61696c2e73656e64187b22746f223a22626f62227d0004733214656d61696c2e73656e64187b22746f223a22636964227d0000020e62696c6c696e67203137373334636235323436343566306410617070726f766564004831663165626266392d646638662d363734622d383030302d64303533323866303662303800024033383062363537633965383835346162396339396637353266373538373632660000', '2026-11-29 06:39:24.741271+00');
INSERT INTO public.outbox VALUES (7, '85d7b1f4-53b4-58cf-ad56-12e22300cc9d', 'PlanDecided', 'ef2ae077-7a86-5800-b57c-9f28610b300e', '\x4838356437623166342d353362342d353863662d616435362d3132653232333030636339644838353564313265382d383966352d356631652d613863362d3462383533353462386639394839306166636334382d616664362d356664372d396437372d62393935346338623132666400004865663261653037372d376138362d353830302d623537632d3966323836313062333030650280016436643630373030386131653061623135326332356334396437613531303638666238373166656361363762316166653134383237666235643466333037386402010404733114656d61696c2e73656e64187b22746f223a22626f62227d0004733214656d61696c2e73656e64187b22746f223a22636964227d0000020e62696c6c696e67203137373334636235323436343566306410617070726f766564004831663165626266392d646638662d363734622d383030302d6430353332386630366230380002403338306236353763396538383534616239633939663735326637353837363266000006616461daa0d0dd91d9b0060002daa0b8f6ba98be0d', '2026-11-24 12:00:00+00');
INSERT INTO public.runs VALUES ('waiting', 'billing', 'PAUSED', 1, NULL, NULL, '10960f34-5a96-54b8-9cae-52b1fa9a415a', NULL, '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"waiting","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-d464-6ffe-8000-1979819bb87c","kind":"DYNAMIC","interrupt_id":"631ef501e6a2a5c467629446ab7e4ec9","task_ids":[],"next_nodes":[]}', NULL, NULL, NULL, 0, false, '2026-11-29 06:39:23.535982+00', '', '2026-11-29 06:39:23.446357+00', '2026-11-29 06:39:23.535982+00');
INSERT INTO public.runs VALUES ('approved', 'billing', 'READY', 1, NULL, NULL, 'ef2ae077-7a86-5800-b57c-9f28610b300e', 'd6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d', '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"approved","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-df8f-674b-8000-d05328f06b08","kind":"DYNAMIC","interrupt_id":"380b657c9e8854ab9c99f752f758762f","task_ids":[],"next_nodes":[]}', '{"plan_id":"ef2ae077-7a86-5800-b57c-9f28610b300e","revision":1,"digest":"d6d607008a1e0ab152c25c49d7a51068fb871feca67b1afe14827fb5d4f3078d","state":"APPROVED","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"bob"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"cid"},"claimed_tier":null}],"note":"","decided_by":"ada","use_by":"2090-04-15T10:12:44.764205Z"}', '2090-04-15 10:12:44.764205+00', NULL, 0, false, '2026-11-29 06:39:24.810242+00', '', '2026-11-29 06:39:24.641909+00', '2026-11-24 12:00:00+00');
INSERT INTO public.runs VALUES ('in doubt', 'billing', 'IN_DOUBT', 3, NULL, NULL, 'cbf890c3-c031-55ee-8790-db2a1907be20', '1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819', '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"in doubt","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-d57d-6c6a-8000-f8a3ba3b2ad8","kind":"DYNAMIC","interrupt_id":"cef547174b3c99d94017771f86144eed","task_ids":[],"next_nodes":[]}', '{"plan_id":"cbf890c3-c031-55ee-8790-db2a1907be20","revision":1,"digest":"1d0fb623d1af2e1bf5b431ad880be922a611f3732b4e57713b7e51aee1769819","state":"APPROVED","steps":[{"step_id":"s1","action_type":"email.send","arguments":{"to":"dan"},"claimed_tier":null},{"step_id":"s2","action_type":"email.send","arguments":{"to":"eve"},"claimed_tier":null}],"note":"","decided_by":"ada","use_by":"2090-04-15T10:12:43.653916Z"}', '2090-04-15 10:12:43.653916+00', '1f1ebbf9-d6c4-6723-8001-dc28c01ccafd', 2, false, '2026-11-29 06:39:24.319116+00', 'the worker that began it did not say how it ended', '2026-11-29 06:39:23.60722+00', '2026-11-29 06:39:24.422657+00');
INSERT INTO public.runs VALUES ('decided early', 'billing', 'PAUSED', 1, NULL, NULL, '1e896987-a3b6-57ea-9ab6-92aae4237630', NULL, '{"graph":"billing","graph_version":"17734cb524645f0d","thread_id":"decided early","checkpoint_ns":"","checkpoint_id":"1f1ebbf9-deb2-65ef-8000-c61b27fba93e","kind":"DYNAMIC","interrupt_id":"e9f3efcac35f8048b7c87a568dacdaa4","task_ids":[],"next_nodes":[]}', NULL, NULL, NULL, 0, false, '2026-11-29 06:39:24.624629+00', '', '2026-11-29 06:39:24.500327+00', '2026-11-29 06:39:24.624629+00');
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
CREATE UNIQUE INDEX a_clearance_is_of_one_plan ON public.clearances USING btree (digest, plan_id);
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
CREATE TRIGGER a_clearance_is_renewed_by_another_gate_alone AFTER UPDATE ON public.clearances FOR EACH ROW WHEN (((new.digest <> old.digest) OR (new.plan_id <> old.plan_id) OR (new.revision <> old.revision) OR (new.gate_id IS NULL) OR (new.gate_id = old.gate_id))) EXECUTE FUNCTION public.a_clearance_is_renewed_by_another_gate_alone();
CREATE TRIGGER a_closed_gate_has_its_decision AFTER INSERT OR UPDATE OF state ON public.gates FOR EACH ROW WHEN ((new.state <> 'PENDING'::text)) EXECUTE FUNCTION public.a_closed_gate_has_its_decision();
CREATE TRIGGER a_closed_gate_never_changes AFTER UPDATE OF state, verdict ON public.gates FOR EACH ROW WHEN ((old.state <> 'PENDING'::text)) EXECUTE FUNCTION public.a_closed_gate_never_changes();
CREATE TRIGGER a_recorded_decision_never_changes AFTER UPDATE OF arrival, decision_id, gate_id, plan_id, kind, decided_by, decided_at, recorded_at, record ON public.decisions FOR EACH ROW WHEN (true) EXECUTE FUNCTION public.a_recorded_decision_never_changes();
CREATE TRIGGER a_succeeded_effect_is_final AFTER UPDATE ON public.effects FOR EACH ROW WHEN ((old.state = 'SUCCEEDED'::text)) EXECUTE FUNCTION public.a_succeeded_effect_is_final();
CREATE TRIGGER an_effect_keeps_its_plan_and_step AFTER UPDATE OF effect_id, plan_id, step_id ON public.effects FOR EACH ROW WHEN (((new.effect_id <> old.effect_id) OR (new.plan_id <> old.plan_id) OR (new.step_id <> old.step_id))) EXECUTE FUNCTION public.an_effect_keeps_its_plan_and_step();
CREATE TRIGGER nothing_is_repeated_in_doubt AFTER UPDATE OF state ON public.effects FOR EACH ROW WHEN ((((new.state = 'CLAIMED'::text) AND (old.state = 'IN_DOUBT'::text)) OR ((new.state = 'RETRY'::text) AND (old.state <> 'IN_DOUBT'::text)))) EXECUTE FUNCTION public.nothing_is_repeated_in_doubt();
CREATE TRIGGER only_an_approved_gate_clears AFTER INSERT OR UPDATE OF gate_id ON public.clearances FOR EACH ROW WHEN ((new.gate_id IS NOT NULL)) EXECUTE FUNCTION public.only_an_approved_gate_clears();
CREATE TRIGGER the_first_outcome_stays AFTER UPDATE ON public.outcomes FOR EACH ROW WHEN (true) EXECUTE FUNCTION public.the_first_outcome_stays();
CREATE TRIGGER the_terms_of_a_gate_are_frozen AFTER UPDATE OF gate_id, plan_id, revision, digest, kind, timing, attempt, thread_id, deadline, requested_at, request ON public.gates FOR EACH ROW WHEN (true) EXECUTE FUNCTION public.the_terms_of_a_gate_are_frozen();
CREATE TRIGGER tokens_only_grow AFTER UPDATE OF token, status, worker ON public.runs FOR EACH ROW WHEN (((new.token < old.token) OR ((new.token = old.token) AND (new.status = 'RUNNING'::text) AND ((old.status <> 'RUNNING'::text) OR (new.worker <> old.worker))))) EXECUTE FUNCTION public.tokens_only_grow();
CREATE TRIGGER what_became_of_a_decision_is_final AFTER UPDATE OF disposition, why ON public.decisions FOR EACH ROW WHEN ((old.disposition <> 'WAITING'::text)) EXECUTE FUNCTION public.what_became_of_a_decision_is_final();
CREATE TRIGGER what_was_cleared_never_changes AFTER UPDATE ON public.cleared_steps FOR EACH ROW WHEN (true) EXECUTE FUNCTION public.what_was_cleared_never_changes();
CREATE TRIGGER what_was_said_never_changes AFTER UPDATE ON public.outbox FOR EACH ROW WHEN (true) EXECUTE FUNCTION public.what_was_said_never_changes();
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT a_run_executes_its_own_plan FOREIGN KEY (digest, plan_id) REFERENCES public.clearances(digest, plan_id);
ALTER TABLE ONLY public.effects
    ADD CONSTRAINT an_effect_is_of_the_cleared_plan FOREIGN KEY (digest, plan_id) REFERENCES public.clearances(digest, plan_id);
ALTER TABLE ONLY public.clearances
    ADD CONSTRAINT fk_clearances_gate_id FOREIGN KEY (gate_id) REFERENCES public.gates(gate_id);
ALTER TABLE ONLY public.cleared_steps
    ADD CONSTRAINT fk_cleared_steps_digest FOREIGN KEY (digest) REFERENCES public.clearances(digest);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT fk_runs_digest FOREIGN KEY (digest) REFERENCES public.clearances(digest);
ALTER TABLE ONLY public.effects
    ADD CONSTRAINT no_effect_without_clearance FOREIGN KEY (digest, step_id, step_digest) REFERENCES public.cleared_steps(digest, step_id, step_digest);
