begin;
select plan(4);

select tests.given_tale('owner');
select tests.call_begin('owner', stream_id, conversation => 'tale') from unnest(array['first', 'second']) as stream_id;
select tests.call_beat(stream_id, 0, 5, 'Once.') from unnest(array['first', 'second']) as stream_id;

select isnt(tests.call_finish('first', '', start_at => 5) ->> 'message_id', null, 'an empty end makes a message');
select isnt(tests.call_finish('second', null, start_at => 5) ->> 'message_id', null, 'and so does none at all');
select results_eq(
  $$ select content, is_complete from public.messages where stream_id is not null $$,
  $$ values ('Once.', true), ('Once.', true) $$, 'of what the beats had brought'
);
select is_empty('select * from relay.chunks', 'the pieces are gone');

select * from finish();
rollback;
