-- The closed list of what is counted. An outcome or a code that is added elsewhere is added here, too; tests compare.
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
