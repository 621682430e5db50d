begin; select plan(5);
select tests.given_tale('owner');
select tests.call_begin('owner', stream_id, parent => 'second answer', max_concurrent => 9)
  from unnest(array['failed', 'late', 'left', 'cut']) as stream_id;
select is(tests.call_finish(stream_id, 'Once', status, reason, code) - array['message_id', 'bot_id', 'model'],
  jsonb_build_object('status', status, 'finish_reason', reason, 'error_code', code, 'is_complete', false), description)
from (values
  ('failed', 'failed',       'error',        'provider_error', 'the provider failed'),
  ('late',   'failed',       'timeout',      'timeout',        'it took too long'),
  ('left',   'disconnected', 'disconnected', null,             'the reader left'),
  ('cut',    'interrupted',  'interrupted',  'interrupted',    'the worker was stopped')
) as m (stream_id, status, reason, code, description);
select results_eq($$ select g.stream_id, m.content, m.is_complete, m.finish_reason
  from relay.generations g join public.messages m on m.id = g.message_id
  where g.finished_at is not null order by g.stream_id $$,
  $$ values ('cut', 'Once', false, 'interrupted'), ('failed', 'Once', false, 'error'),
  ('late', 'Once', false, 'timeout'), ('left', 'Once', false, 'disconnected') $$,
  'what there was of the text is stored, as incomplete');

select * from finish(); rollback;
