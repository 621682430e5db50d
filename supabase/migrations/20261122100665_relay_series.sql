-- The closed list of what is counted, and how the end of a generation is counted.
insert into relay.series (name)
values
  ('generations_started_total'), ('sweeps_total'), ('swept_generations_total'), ('forgotten_generations_total'),
  ('first_token_seconds_sum'), ('generation_duration_seconds_sum'), ('relay_overhead_seconds_sum');

insert into relay.series (name, labels)
select 'generations_ended_total', jsonb_build_object('outcome', outcome)
from unnest(array['completed', 'cancelled', 'disconnected']) as outcome
union all
select 'generations_ended_total', jsonb_build_object('outcome', outcome, 'code', code)
from
  unnest(array['failed', 'interrupted']) as outcome,
  unnest(array[
    'provider_not_allowed', 'provider_error', 'provider_rate_limited', 'provider_auth', 'provider_timeout',
    'provider_bad_response', 'timeout', 'interrupted', 'internal'
  ]) as code
union all
select 'generations_recovered_total', jsonb_build_object('outcome', outcome)
from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as outcome
union all
select 'tokens_total', jsonb_build_object('kind', kind)
from unnest(array['prompt', 'completion']) as kind
union all
select 'refusals_total', jsonb_build_object('code', code)
from unnest(array[
  'invalid_request', 'unauthenticated', 'forbidden', 'provider_not_allowed', 'bot_not_found', 'conversation_not_found',
  'message_not_found', 'not_found', 'stream_not_found', 'method_not_allowed', 'stream_id_taken', 'payload_too_large',
  'unsupported_media_type', 'rate_limited', 'too_many_streams', 'internal', 'provider_auth', 'provider_bad_response',
  'provider_error', 'provider_rate_limited', 'interrupted', 'unavailable', 'provider_timeout', 'timeout'
]) as code;

-- By id a histogram's buckets stand in their order.
insert into relay.series (name, labels)
select histogram || '_bucket', jsonb_build_object('le', le)
from (
  values
    ('first_token_seconds', array['0.1', '0.25', '0.5', '1', '2.5', '5', '10', '20', '30', '60', '+Inf']),
    (
      'generation_duration_seconds',
      array['0.5', '1', '2.5', '5', '10', '20', '30', '60', '120', '300', '600', '+Inf']
    ),
    (
      'relay_overhead_seconds',
      array['0.001', '0.0025', '0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '10', '+Inf']
    )
) as histograms (histogram, bounds),
unnest(bounds) with ordinality as bound (le, place)
order by histogram, place;

create function relay.end_labels(outcome text, code text) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object('outcome', outcome, 'code', code));
$$;

comment on function relay.end_labels(text, text) is 'Which of the generations that ended one is: what did not fail has no code.';
revoke all on function relay.end_labels(text, text) from public, anon, authenticated;
grant execute on function relay.end_labels(text, text) to service_role;

-- What the sweep ends has an outcome, and neither times nor tokens: only its worker knows those. If that worker comes
-- after all, it brings them, and the generation counts as recovered; it has ended once already.
create function relay.count_finish(generation relay.generations, is_recovered boolean) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform relay.count_up(variadic array(
    select (
      case when is_recovered then 'generations_recovered_total' else 'generations_ended_total' end,
      relay.end_labels(generation.status, case when not is_recovered then generation.error_code end),
      1
    )::relay.increment
    union all
    select ('tokens_total', jsonb_build_object('kind', spent.kind), spent.tokens)::relay.increment
    from (values ('prompt', generation.prompt_tokens), ('completion', generation.completion_tokens)) spent (kind, tokens)
    union all
    select (observed.histogram || part.suffix, part.labels, part.amount)::relay.increment
    from (
      values
        ('first_token_seconds', generation.first_token_ms / 1000.0),
        ('generation_duration_seconds', extract(epoch from generation.finished_at - generation.started_at)),
        ('relay_overhead_seconds', generation.overhead_ms / 1000.0)
    ) observed (histogram, seconds)
    cross join lateral (
      select '_sum' as suffix, '{}'::jsonb as labels, observed.seconds as amount
      union all
      (
        select '_bucket', s.labels, 1
        from relay.series s
        where s.name = observed.histogram || '_bucket' and (s.labels ->> 'le')::double precision >= observed.seconds
        order by s.id
        limit 1
      )
    ) part
  ));
end;
$$;

comment on function relay.count_finish(relay.generations, boolean) is
  'Counts the end that a worker has told of, in the transaction that stores it.';
revoke all on function relay.count_finish(relay.generations, boolean) from public, anon, authenticated;
grant execute on function relay.count_finish(relay.generations, boolean) to service_role;
