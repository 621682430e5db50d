-- The one list of the relay's error codes in the database: checks and counters are made of it.

-- A function and not a table: with a foreign key, all failures of an outage would lock one row.
create function relay.error_codes() returns table (code text, ends boolean)
language sql immutable set search_path = '' as $$
  values
    ('invalid_request', false), ('unauthenticated', false), ('budget_exceeded', false), ('forbidden', false),
    ('not_admitted', false),
    ('provider_not_allowed', true),
    ('bot_not_found', false), ('conversation_not_found', false), ('message_not_found', false), ('not_found', false),
    ('stream_not_found', false), ('method_not_allowed', false), ('stream_id_taken', false),
    ('stream_id_required', false), ('conversation_busy', false), ('payload_too_large', false),
    ('context_exceeded', true),
    ('unsupported_media_type', false), ('rate_limited', false), ('too_many_streams', false), ('internal', true),
    ('provider_auth', true),
    ('provider_bad_response', true), ('provider_error', true), ('provider_rate_limited', true),
    ('provider_refused', true), ('interrupted', true), ('unavailable', false), ('overloaded', true),
    ('provider_timeout', true),
    ('timeout', true)
$$;
comment on function relay.error_codes() is
  'Every error code of the relay, and whether a generation can end with it; the same as ERRORS in protocol/errors.ts.';

create function relay.is_ending_code(code text) returns boolean
language sql immutable set search_path = '' as $$
  select exists (select 1 from relay.error_codes() e where e.code = is_ending_code.code and e.ends)
$$;
comment on function relay.is_ending_code(text) is 'Whether a generation can end with this error code.';
