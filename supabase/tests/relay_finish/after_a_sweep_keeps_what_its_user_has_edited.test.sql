begin; select plan(3);
select tests.given_tale('owner');

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

select * from finish(); rollback;
