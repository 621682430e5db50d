begin; select plan(12);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
create function pg_temp.outcome(answer jsonb) returns text language sql as $$
  select coalesce(answer ->> 'code', answer ->> 'outcome')
$$;
select is(pg_temp.outcome(tests.call_begin('owner', 'x', conversation => 'tale')), 'conversation_busy', 'it is busy');
savepoint start;

select is(pg_temp.outcome(tests.call_begin('owner', 'second', parent => 'second answer')), 'admitted', 'a parent');
rollback to start;
select is(pg_temp.outcome(tests.call_begin('owner', 'second', conversation => 'tale', parent_is_given => true)),
  'admitted', 'no parent: a new root');
rollback to start;
select is(pg_temp.outcome(tests.call_begin('owner', 'second', reroll_of => 'second answer')), 'admitted',
  'an answer to regenerate');
select is(pg_temp.outcome(tests.call_begin('owner', 'third', reroll_of => 'first answer')), 'admitted', 'an older one');

rollback to start; -- The answer will not be the active leaf: its reader is in another branch.
select tests.given_active_leaf('tale', 'other question');
select is(pg_temp.outcome(tests.call_begin('owner', 'second', conversation => 'tale')), 'admitted', 'another branch');

rollback to start; -- A client that stores its prompts cannot take one back.
select tests.given_message('own', 'tale', content => 'Next');
update public.messages set created_at = now() + interval '1 minute' where id = tests.key('own');
savepoint stored;
select is(pg_temp.outcome(tests.call_begin('owner', 'second', 'Next', conversation => 'tale')), 'admitted',
  'a prompt that is stored, while the answer is being written');
rollback to stored; -- It waits for what ends anyhow, and is found although the answer came after it.
select tests.call_cancel('owner', 'first');
select is(pg_temp.outcome(tests.call_begin('owner', 'second', 'Next', conversation => 'tale')), 'conversation_busy',
  'a prompt that is stored, while that ends');
select tests.call_finish('first', 'Once');
update public.messages set created_at = now() + interval '2 minutes' where stream_id = 'first';
create temp table begun as select tests.call_begin('owner', 'second', 'Next', conversation => 'tale') as answer;
select is(answer ->> 'user_message_id', tests.key('own')::text, 'it is not stored twice') from begun;
select is(answer #>> '{context,-2,content}', 'Once', 'and the context has the partial answer') from begun;
rollback to stored; -- Its client has given it a place.
select tests.call_cancel('owner', 'first');
select tests.given_active_leaf('tale', 'own');
update relay.generations set leaf_id = tests.key('own');
select is(pg_temp.outcome(tests.call_begin('owner', 'second', 'Next', conversation => 'tale')), 'admitted', 'as leaf');
rollback to stored;
select tests.call_cancel('owner', 'first');
update public.messages m set parent_id = c.active_message_id from public.conversations c where m.id = tests.key('own');
select is(pg_temp.outcome(tests.call_begin('owner', 'second', 'Next', conversation => 'tale')), 'admitted', 'by parent');

select * from finish(); rollback;
