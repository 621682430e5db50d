begin; select plan(7);
select tests.given_tale('owner');
savepoint start;

-- With what its beats have brought.
select tests.call_begin('owner', 'a', continue_of => 'first answer');
select tests.call_beat('a', 12, 17, ' goes');
select tests.back_date('a', interval '16 seconds');
select is(tests.call_read('owner', 'a', 6) ->> 'text', 'answer goes', 'a reader gets the text over the seam');
select is(tests.leaf_of('tale'), 'first answer goes', 'old and new are one message');
select is(tests.call_finish('a', 'first answer goes on.', start_at => 0) ->> 'message_id', id::text,
  'its worker, which lives, stores the whole under the same id') from public.messages where stream_id = 'a';
select is(tests.leaf_of('tale'), 'first answer goes on.', 'as the active leaf');

rollback to start; -- Without anything new there is no message.
create temp table before as select tests.the_story() as story;
select tests.call_begin('owner', 'a', continue_of => 'first answer');
select tests.back_date('a', interval '16 seconds');
select is(tests.call_sweep() ->> 'closed', '1', 'it is ended');
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is_empty($$ select 1 from relay.generations where status <> 'interrupted' or message_id is not null $$,
  'the generation says so');

select * from finish(); rollback;
