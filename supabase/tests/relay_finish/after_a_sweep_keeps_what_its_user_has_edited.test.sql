begin; select plan(6);
select tests.given_tale('owner');
savepoint start;

select tests.call_begin('owner', 'first', 'And then?', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'Once ');
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select is(m.content, 'Once ', 'the sweep has stored what there was') from public.messages m where m.stream_id = 'first';
update public.messages m set content = 'Long ago' where m.stream_id = 'first';
select is(
  tests.call_finish('first', 'Once upon a time.', start_at => 0) ->> 'status', 'completed', 'its worker ends it later');
select results_eq(
  $$ select m.content, m.is_complete, m.finish_reason from public.messages m where m.stream_id = 'first' $$,
  $$ values ('Long ago', true, 'stop') $$, 'the text is that of its user, and all else that of the worker');

rollback to start; -- Also where the edit is a beginning of what the worker brings.
select tests.given_expired(stream_id, 'owner', 'Once upon', 'tale', 'second answer')
  from unnest(array['cut', 'emptied', 'left']) as stream_id;
select tests.call_sweep();
update public.messages m set content = case m.stream_id when 'cut' then 'Once' else '' end
where m.stream_id in ('cut', 'emptied');
select tests.call_finish(stream_id, 'Once upon a time.', start_at => 0)
  from unnest(array['cut', 'emptied', 'left']) as stream_id;
select is(m.content, w.content, 'what is kept: ' || w.stream_id)
from (values ('cut', 'Once'), ('emptied', ''), ('left', 'Once upon a time.')) w (stream_id, content)
join public.messages m on m.stream_id = w.stream_id;

select * from finish(); rollback;
