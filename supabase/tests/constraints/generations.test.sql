begin; select plan(102);
select tests.given_tale('owner');
select tests.given_generation(status, 'owner', status)
from unnest(array['running', 'completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;

select tests.violates(
  format('update relay.generations set %s where stream_id = %L', change, stream_id), violated,
  stream_id || ': ' || change
) from (values
  ('running',      $$ stream_id = '' $$,                         'generations_stream_id_is_a_name'),
  ('running',      $$ stream_id = repeat('a', 129) $$,           'generations_stream_id_is_a_name'),
  ('running',      $$ stream_id = 'two words' $$,                'generations_stream_id_is_a_name'),
  ('running',      $$ stream_id = E'first\n' $$,                 'generations_stream_id_is_a_name'),
  ('completed',    $$ status = 'paused', finish_reason = 'paused' $$, 'generations_status_is_known'),
  ('completed',    'status = null',                              ''),
  ('running',      'finished_at = clock_timestamp()',            'generations_end_once'),
  ('completed',    'finished_at = null',                         'generations_end_once'),
  ('completed',    $$ finished_at = started_at - interval '1 second' $$, 'generations_do_not_end_before_they_start'),
  ('completed',    'finished_at = started_at',                   null),
  ('running',      $$ finish_reason = 'stop' $$,                 'generations_end_with_a_reason'),
  ('completed',    'finish_reason = null',                       'generations_end_with_a_reason'),
  ('completed',    $$ finish_reason = 'content_filter' $$,       null),
  ('completed',    $$ finish_reason = 'cancelled' $$,            'generations_reason_fits_status'),
  ('completed',    $$ finish_reason = 'disconnected' $$,         'generations_reason_fits_status'),
  ('completed',    $$ finish_reason = 'timeout' $$,              'generations_reason_fits_status'),
  ('completed',    $$ finish_reason = 'interrupted' $$,          'generations_reason_fits_status'),
  ('completed',    $$ finish_reason = 'error' $$,                'generations_reason_fits_status'),
  ('cancelled',    $$ finish_reason = 'stop' $$,                 'generations_reason_fits_status'),
  ('disconnected', $$ finish_reason = 'cancelled' $$,            'generations_reason_fits_status'),
  ('failed',       $$ finish_reason = 'stop' $$,                 'generations_reason_fits_status'),
  ('failed',       $$ finish_reason = 'interrupted' $$,          'generations_reason_fits_status'),
  ('failed',       $$ finish_reason = 'timeout' $$,              null),
  ('interrupted',  $$ finish_reason = 'error' $$,                'generations_reason_fits_status'),
  ('running',      $$ error_code = 'internal' $$,                'generations_failures_have_a_code'),
  ('completed',    $$ error_code = 'internal' $$,                'generations_failures_have_a_code'),
  ('cancelled',    $$ error_code = 'internal' $$,                'generations_failures_have_a_code'),
  ('disconnected', $$ error_code = 'internal' $$,                'generations_failures_have_a_code'),
  ('failed',       'error_code = null',                          'generations_failures_have_a_code'),
  ('interrupted',  'error_code = null',                          'generations_failures_have_a_code'),
  ('failed',       $$ error_code = 'bad_luck' $$,                'generations_error_code_is_known'),
  ('running',      'fence = null',                               'generations_fence_fits_status'),
  ('completed',    'fence = gen_random_uuid()',                  'generations_fence_fits_status'),
  ('cancelled',    'fence = gen_random_uuid()',                  'generations_fence_fits_status'),
  ('interrupted',  'fence = gen_random_uuid()',                  null),
  ('running',      $$ message_id = tests.key('first answer') $$,  'generations_running_have_no_message'),
  ('completed',    $$ message_id = tests.key('first answer') $$,  null),
  ('cancelled',    'cancel_requested_at = null',                 'generations_cancelled_were_asked_to'),
  ('completed',    'cancel_requested_at = clock_timestamp()',    null),
  ('cancelled',    'cancel_at = 0',                              null),
  ('cancelled',    'cancel_at = -1',                             'generations_counts_are_not_negative'),
  ('running',      'cancel_at = 0',                              'generations_are_cut_by_a_cancel'),
  ('running',      'user_id = null',                             ''),
  ('running',      'continued_units = -1',                       'generations_have_what_they_continue'),
  ('running',      'continued_units = 1',                        'generations_have_what_they_continue'),
  ('running',      'continued_units = 1, text_units = 1',        null),
  ('running',      'continued_units = null',                     ''),
  ('running',      'continued_units = 0',                        null),
  ('disconnected', $$ stream_id = repeat('a', 128) $$,           null),
  ('cancelled',    $$ stream_id = 'aZ09._:-' $$,                 null)
) as m (stream_id, change, violated);
select tests.violates(
  format('update relay.generations set %I = %s', name, value), violated, format('%s = %s', name, value)
)
from unnest(array[
  'prompt_tokens', 'completion_tokens', 'total_tokens', 'first_token_ms', 'overhead_ms', 'text_units', 'read_units'
]) as name, (values ('-1', 'generations_counts_are_not_negative'), ('0', null)) as m (value, violated);
select tests.violates(
  format('update relay.generations set %I = %s', name, value), violated, format('%s = %s', name, value)
)
from unnest(array['context_messages', 'context_bytes', 'left_out']) as name,
  (values ('-1', 'generations_contexts_are_counted'), ('0', null)) as m (value, violated);
select tests.violates('update relay.generations set bytes_per_token = 6.1', 'generations_ratios_are_in_range', 'above 6');
select tests.violates('update relay.generations set bytes_per_token = 0.9', 'generations_ratios_are_in_range', 'below 1');
select tests.violates(
  format('update relay.generations set %s where stream_id = ''completed''', change), violated, left(change, 40)
) from (values
  ($$ instructions = repeat('é', 16000) $$, null),
  ($$ instructions = repeat('é', 16001) $$, 'generations_instructions_fit'),
  ($$ kind = 'poem' $$, 'generations_kind_is_known'),
  ($$ kind = 'memory', parent_id = null $$, 'generations_of_memories_are_no_messages'),
  ($$ kind = 'memory', parent_id = tests.key('first answer'), message_id = tests.key('second answer') $$,
    'generations_of_memories_are_no_messages'),
  ($$ kind = 'memory', parent_id = tests.key('first answer'), message_id = null, leaf_id = tests.key('first answer') $$,
    'generations_of_memories_are_no_messages'),
  ($$ kind = 'memory', parent_id = tests.key('first answer'), message_id = null, user_message_id = tests.key('first answer') $$,
    'generations_of_memories_are_no_messages'),
  ($$ kind = 'memory', parent_id = tests.key('first answer'), message_id = null, leaf_id = null $$, null)
) as m (change, violated);
-- Of the codes of errors some are those of an ending.
select tests.violates(
  format('update relay.generations set error_code = %L where stream_id = ''failed''', e.code),
  case when not e.ends then 'generations_error_code_is_known' end, e.code
)
from relay.error_codes() e where e.ends or e.code in ('rate_limited', 'not_found');
select tests.violates('insert into relay.chunks values ' || chunk, violated, chunk) from (values
  ($$ ('running', -1, 4, ' upon') $$, 'chunks_begin_inside_the_text'),
  ($$ ('running', 4, 3, ' upon') $$,  'chunks_are_not_empty'),
  ($$ ('running', 4, 4, ' upon') $$,  'chunks_are_not_empty'),
  ($$ ('running', 4, 9, '') $$,       'chunks_are_not_empty'),
  ($$ ('running', 0, 4, 'Once') $$,   null),
  ($$ ('running', 0, 9, 'Twice') $$,  'chunks_pkey'),
  ($$ ('unknown', 0, 4, 'Once') $$,   'chunks_stream_id_fkey')
) as m (chunk, violated);
delete from relay.generations;
select is_empty('select * from relay.chunks', 'a deleted generation takes its chunks along');

select * from finish(); rollback;
