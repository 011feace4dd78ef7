-- The first schema of a store in PostgreSQL. It stays as it is: later ones are made from it by migrations.
CREATE TABLE exchanges (
	id TEXT COLLATE "C" NOT NULL,
	started_at_us BIGINT NOT NULL,
	method TEXT COLLATE "C" NOT NULL,
	path TEXT COLLATE "C" NOT NULL,
	route TEXT COLLATE "C" NOT NULL,
	dialect TEXT COLLATE "C" NOT NULL,
	kind TEXT COLLATE "C" NOT NULL,
	url TEXT COLLATE "C" NOT NULL,
	session_id TEXT COLLATE "C",
	agent_id TEXT COLLATE "C",
	parent_agent_id TEXT COLLATE "C",
	model TEXT COLLATE "C",
	model_used TEXT COLLATE "C",
	streamed BOOLEAN NOT NULL,
	status INTEGER,
	outcome TEXT COLLATE "C" NOT NULL,
	stop_reason TEXT COLLATE "C",
	error_type TEXT COLLATE "C",
	error_message TEXT COLLATE "C",
	usage_iterations BIGINT,
	input_tokens BIGINT,
	cache_read_tokens BIGINT,
	cache_write_5m_tokens BIGINT,
	cache_write_1h_tokens BIGINT,
	output_tokens BIGINT,
	web_searches BIGINT,
	service_tier TEXT COLLATE "C",
	speed TEXT COLLATE "C",
	inference_geo TEXT COLLATE "C",
	cost_at_least BOOLEAN,
	cost_input BIGINT,
	cost_cache_read BIGINT,
	cost_cache_write BIGINT,
	cost_output BIGINT,
	cost_web_searches BIGINT,
	unpriced_model TEXT COLLATE "C",
	connected_ms DOUBLE PRECISION,
	first_byte_ms DOUBLE PRECISION,
	first_token_ms DOUBLE PRECISION,
	end_ms DOUBLE PRECISION,
	request_bytes BIGINT NOT NULL,
	response_bytes BIGINT NOT NULL,
	output_characters BIGINT NOT NULL,
	request_id TEXT COLLATE "C",
	rate_limits TEXT COLLATE "C",
	retry BIGINT NOT NULL,
	differences TEXT COLLATE "C",
	clues TEXT COLLATE "C",
	session_title TEXT COLLATE "C",
	subscription BOOLEAN NOT NULL,
	pid BIGINT,
	process TEXT COLLATE "C",
	response_dropped BOOLEAN NOT NULL,
	usage_beyond TEXT COLLATE "C",
	cost_notes TEXT COLLATE "C",
	saved BIGINT,
	cache_ttls TEXT COLLATE "C",
	tools_called TEXT COLLATE "C",
	delegations TEXT COLLATE "C",
	task TEXT COLLATE "C",
	provider TEXT COLLATE "C",
	region TEXT COLLATE "C",
	model_sent TEXT COLLATE "C",
	adaptations TEXT COLLATE "C",
	provider_status INTEGER,
	provider_metrics TEXT COLLATE "C",
	agent_type TEXT COLLATE "C",
	request_class TEXT COLLATE "C",
	prompt_id TEXT COLLATE "C",
	tool_durations TEXT COLLATE "C",
	asked TEXT COLLATE "C",
	left_out TEXT COLLATE "C",
	client TEXT COLLATE "C",
	inferred TEXT COLLATE "C",
	model_stated TEXT COLLATE "C",
	gateway TEXT COLLATE "C",
	client_cost BIGINT,
	unread TEXT COLLATE "C",
	answer_facts TEXT COLLATE "C",
	betas TEXT COLLATE "C",
	message_id TEXT COLLATE "C",
	imported TEXT COLLATE "C",
	rebuilt TEXT COLLATE "C",
	price_basis TEXT COLLATE "C",
	kept TEXT COLLATE "C",
	held_at_ms DOUBLE PRECISION,
	released_at_ms DOUBLE PRECISION,
	rules TEXT COLLATE "C",
	conversation TEXT COLLATE "C",
	continues TEXT COLLATE "C",
	replayed TEXT COLLATE "C",
	overhead TEXT COLLATE "C",
	attempts TEXT COLLATE "C",
	key TEXT COLLATE "C",
	arrival TEXT COLLATE "C",
	reported_cost BIGINT,
	tool_runs TEXT COLLATE "C",
	CONSTRAINT pk_exchanges PRIMARY KEY (id)
);
CREATE INDEX ix_exchanges_conversing ON exchanges (id) WHERE conversation IS NOT NULL;
CREATE INDEX ix_exchanges_live ON exchanges (pid) WHERE outcome = 'live';
CREATE INDEX ix_exchanges_session_id ON exchanges (session_id, id);
CREATE INDEX ix_exchanges_started_at_us ON exchanges (started_at_us);
CREATE INDEX ix_exchanges_stating ON exchanges (session_id, id) WHERE session_title IS NOT NULL OR continues IS NOT NULL OR substr(clues, 1, 16) <> '[null,null,null,';
CREATE TABLE removals (
	number SERIAL NOT NULL,
	exchange_id TEXT COLLATE "C" NOT NULL,
	size BIGINT NOT NULL,
	removed_at_us BIGINT NOT NULL,
	CONSTRAINT pk_removals PRIMARY KEY (number)
);
CREATE INDEX ix_removals_exchange_id ON removals (exchange_id);
CREATE TABLE sums (
	session_id TEXT COLLATE "C",
	agent_id TEXT COLLATE "C",
	model TEXT COLLATE "C",
	quarter BIGINT NOT NULL,
	first_us BIGINT NOT NULL,
	last_us BIGINT NOT NULL,
	named TEXT COLLATE "C",
	requests BIGINT NOT NULL,
	errors BIGINT NOT NULL,
	free BIGINT NOT NULL,
	counted BIGINT NOT NULL,
	input_tokens BIGINT NOT NULL,
	cache_read_tokens BIGINT NOT NULL,
	cache_write_5m_tokens BIGINT NOT NULL,
	cache_write_1h_tokens BIGINT NOT NULL,
	output_tokens BIGINT NOT NULL,
	cost_input BIGINT NOT NULL,
	cost_cache_read BIGINT NOT NULL,
	cost_cache_write BIGINT NOT NULL,
	cost_output BIGINT NOT NULL,
	cost_web_searches BIGINT NOT NULL,
	priced BIGINT NOT NULL,
	unpriced BIGINT NOT NULL,
	lower_bounds BIGINT NOT NULL,
	unread BIGINT NOT NULL,
	imported BIGINT NOT NULL,
	side_requests BIGINT NOT NULL,
	side_cost BIGINT NOT NULL,
	saved BIGINT NOT NULL,
	counted_otherwise BIGINT NOT NULL,
	client_difference BIGINT NOT NULL
);
CREATE INDEX ix_sums_group ON sums (session_id, agent_id, model, quarter);
CREATE TABLE cache_diagnoses (
	exchange_id TEXT COLLATE "C" NOT NULL,
	version INTEGER NOT NULL,
	state TEXT COLLATE "C",
	cause TEXT COLLATE "C",
	confidence TEXT COLLATE "C" NOT NULL,
	place TEXT COLLATE "C",
	previous_id TEXT COLLATE "C",
	idle_us BIGINT,
	ttl TEXT COLLATE "C",
	expected_read_tokens BIGINT,
	rewritten_tokens BIGINT,
	rewritten_cost BIGINT,
	CONSTRAINT pk_cache_diagnoses PRIMARY KEY (exchange_id)
);
CREATE TABLE context_parts (
	exchange_id TEXT COLLATE "C" NOT NULL,
	version INTEGER NOT NULL,
	data BYTEA NOT NULL,
	CONSTRAINT pk_context_parts PRIMARY KEY (exchange_id)
);
CREATE TABLE context_sums (
	exchange_id TEXT COLLATE "C" NOT NULL,
	version INTEGER NOT NULL,
	system_tokens BIGINT,
	tools_tokens BIGINT,
	messages_tokens BIGINT,
	CONSTRAINT pk_context_sums PRIMARY KEY (exchange_id)
);
CREATE TABLE headers (
	exchange_id TEXT COLLATE "C" NOT NULL,
	fields BYTEA NOT NULL,
	CONSTRAINT pk_headers PRIMARY KEY (exchange_id)
);
CREATE TABLE provider_parts (
	exchange_id TEXT COLLATE "C" NOT NULL,
	number INTEGER NOT NULL,
	size BIGINT NOT NULL,
	digest BYTEA NOT NULL,
	data BYTEA NOT NULL,
	chunks BYTEA NOT NULL,
	CONSTRAINT pk_provider_parts PRIMARY KEY (exchange_id, number)
);
CREATE TABLE provider_requests (
	exchange_id TEXT COLLATE "C" NOT NULL,
	patched BOOLEAN NOT NULL,
	untouched BOOLEAN NOT NULL,
	size BIGINT NOT NULL,
	digest BYTEA NOT NULL,
	data BYTEA NOT NULL,
	CONSTRAINT pk_provider_requests PRIMARY KEY (exchange_id)
);
CREATE TABLE request_bodies (
	exchange_id TEXT COLLATE "C" NOT NULL,
	base_id TEXT COLLATE "C",
	position INTEGER,
	size BIGINT NOT NULL,
	digest BYTEA NOT NULL,
	data BYTEA NOT NULL,
	CONSTRAINT pk_request_bodies PRIMARY KEY (exchange_id)
);
CREATE INDEX ix_request_bodies_base_id ON request_bodies (base_id);
CREATE TABLE response_parts (
	exchange_id TEXT COLLATE "C" NOT NULL,
	number INTEGER NOT NULL,
	size BIGINT NOT NULL,
	digest BYTEA NOT NULL,
	data BYTEA NOT NULL,
	chunks BYTEA NOT NULL,
	CONSTRAINT pk_response_parts PRIMARY KEY (exchange_id, number)
);
CREATE INDEX ix_sums_quarter ON sums (quarter);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO alembic_version VALUES ('0021');
