begin; select plan(20);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_conversation('tale', 'owner', 'bot');
-- Three branches:
--   q1 ─┬─ a1 ── q2 ─┬─ a2 ── q3 ── a3
--       │            └─ b2 ── r3 ── b3
--       └─ c1 ── s2 ── c2
select tests.given_message(name, 'tale', parent, left(name, 1) in ('q', 'r', 's')) from (values
  ('q1', null), ('a1', 'q1'), ('q2', 'a1'), ('a2', 'q2'), ('q3', 'a2'), ('a3', 'q3'), ('b2', 'q2'), ('r3', 'b2'),
  ('b3', 'r3'), ('c1', 'q1'), ('s2', 'c1'), ('c2', 's2')
) as m (name, parent);
-- What is sent: the memory, then the messages.
create function pg_temp.said(answer jsonb) returns text language sql as $$
  select coalesce(answer #>> '{memory,content}', '-') || ': '
    || coalesce((select string_agg(c ->> 'content', ' ') from jsonb_array_elements(answer -> 'context') c), '')
$$;
create function pg_temp.sent(parent text) returns text language sql as $$
  select pg_temp.said(tests.call_begin('owner', gen_random_uuid()::text, '!', conversation => 'tale', parent => sent.parent,
    rate_limit => 99, max_concurrent => 99))
$$;
savepoint start;

-- Each branch has its own nearest one, and never a sibling's.
select is(pg_temp.sent('a3'), '-: q1 a1 q2 a2 q3 a3 !', 'without one the whole path is sent');
select tests.given_memory('a1', 'M1');
select is(pg_temp.sent('a3'), 'M1: q2 a2 q3 a3 !', 'a memory stands in for the path up to its message');
select is(pg_temp.sent('b3'), 'M1: q2 b2 r3 b3 !', 'in every branch below that');
select is(pg_temp.sent('c2'), '-: q1 c1 s2 c2 !', 'and in no other');
select tests.given_memory('b2', 'M2');
select tests.given_memory('s2', 'M3');
select is(pg_temp.sent('a3'), 'M1: q2 a2 q3 a3 !', 'a sibling''s changes nothing');
select is(pg_temp.sent('b3'), 'M2: r3 b3 !', 'the nearest one counts');
select is(pg_temp.sent('c2'), 'M3: c2 !', 'each branch has its own');
select results_eq(
  $$ select g.left_out, g.context_messages, g.context_start::text from relay.generations g
    where g.memory_id = tests.key('b2') $$,
  $$ values (4, 3, tests.key('r3')::text) $$, 'what it stands in for is left out, and counted');

rollback to start; -- A reader mends, deletes, and has something else written above it.
select tests.given_memory('a1', 'M1');
select tests.given_memory('b2', 'M2');
select tests.given_memory('s2', 'M3');
update public.memories set content = 'mended' where message_id = tests.key('b2');
select is(pg_temp.sent('b3'), 'mended: r3 b3 !', 'one that is mended is sent as it is now');
delete from public.memories where message_id = tests.key('b2');
select is(pg_temp.sent('b3'), 'M1: q2 b2 r3 b3 !', 'one that is deleted brings back the text, up to the one before');
select is(pg_temp.said(tests.call_begin('owner', 'reroll', reroll_of => 'a1', rate_limit => 99, max_concurrent => 99)),
  '-: q1', 'what is written anew above it knows nothing of it');
select is(pg_temp.said(tests.call_begin('owner', 'below', reroll_of => 'a2', rate_limit => 99, max_concurrent => 99)),
  'M1: q2', 'what is written anew below it does');
delete from public.messages where id = tests.key('a1');
select results_eq('select content from public.memories', $$ values ('M3') $$, 'a deleted message takes its memory along');

rollback to start; -- The message itself may have one.
select tests.given_memory('a1', 'M1');
select is(pg_temp.sent('a1'), 'M1: !', 'the prompt follows it');
select is(left_out, 2, 'all before is left out') from relay.generations;
select is(pg_temp.said(tests.call_begin('owner', 'answer', null, answer_to => 'a1')), 'M1: a1', 'what is answered is sent as well');

rollback to start; -- A worker that asks again gets the same.
select tests.given_memory('a1', 'M1');
select is(pg_temp.said(tests.call_begin('owner', 's', '!', conversation => 'tale', parent => parent, fence => 'f')),
  said, parent || ', time ' || n)
from (values ('a3', 'M1: q2 a2 q3 a3 !', 1), ('a3', 'M1: q2 a2 q3 a3 !', 2)) as m (parent, said, n);
select is(bytes, 55, 'its heading counts') from relay.memory_of(tests.key('a3'));
select is(tests.call_begin('owner', 'given', '!', conversation => 'tale', parent => 'a3', context_is_given => true,
  given_bytes => array[13]) -> 'memory', 'null', 'a client''s own context has none');

select * from finish(); rollback;
