begin; select plan(13);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
-- Of 2,000 tokens 500 are for the answer, a tenth is in reserve: 1,350 are 4,050 bytes at first.
update public.bots set context_tokens = 2000, system_prompt = null;
select tests.given_conversation('tale', 'owner', 'bot');
select tests.given_turns('tale', 20, 188);
create temp view cut as
  select g.stream_id, m.content, g.left_out, g.context_messages as sent, (
    select 'p' || n from generate_series(1, 20) n where tests.key('p' || n) = g.context_start
  ) as start, g.context_start
  from relay.generations g left join public.messages m on m.id = g.context_start;

-- Each message counts for 200 bytes; half of what the prompt leaves holds 10 of them, and a user's begins.
create temp table begun as select tests.call_begin('owner', 's1', 'Go on!', conversation => 'tale') as answer;
select results_eq('select start, sent, left_out from cut', $$ values ('p16', 11, 30) $$,
  'it is cut to half of the room, from a prompt on, and what is left out is counted');
select is(jsonb_array_length(answer -> 'context'), 11, 'no more is sent') from begun;
select is(answer -> 'left_out', '30', 'the worker knows of it') from begun;
select is(g.context_bytes, 12 + 10 * 200 + 18::bigint, 'the bytes of it are kept') from relay.generations g;

-- The next one begins where this one began.
select tests.call_finish('s1', repeat('y', 188));
select tests.call_begin('owner', 's2', repeat('z', 188), conversation => 'tale', rate_limit => 99);
select results_eq('select start, sent, left_out from cut where stream_id = $$s2$$', $$ values ('p16', 13, 30) $$,
  'the next context begins where this one began');
select is(
  tests.call_begin('owner', 's2', repeat('z', 188), conversation => 'tale', fence => 's2', rate_limit => 99) ->> 'outcome',
  'exists', 'under another fence it is not admitted again');
select tests.call_finish('s2', repeat('y', 188));

-- Until the room is full: then it is cut again.
do $$
begin
  for v_turn in 3..20 loop
    perform tests.call_begin('owner', 's' || v_turn, repeat('z', 188), conversation => 'tale', rate_limit => 99);
    perform tests.call_finish('s' || v_turn, repeat('y', 188));
  end loop;
end
$$;
select is(max(g.context_bytes) <= 4050, true, 'no context is larger than the room') from relay.generations g;
select is(count(distinct g.context_start), 4::bigint, 'twenty turns have begun in four places') from relay.generations g;
select is(sum((l.left_out <> l.before)::integer), 0::bigint, 'what is left out is always what stands before')
from (
  select g.left_out, relay.count_up(m.parent_id, null) as before
  from relay.generations g join public.messages m on m.id = g.context_start
) l;

-- An answer that is written anew begins where the old one began, also where the context was cut for it.
do $$
begin
  for v_turn in 1..20 loop
    perform public.relay_begin(
      tests.id('owner'), 'again' || v_turn, 'worker', null, m.id::text, null, null, null, false, 999, 99, 15000, 200000
    )
    from public.messages m where m.stream_id = 's' || v_turn;
  end loop;
end
$$;
select is(count(*), 20::bigint, 'the same context again')
from relay.generations a
join relay.generations s on a.stream_id = replace(s.stream_id, 's', 'again') and a.context_start = s.context_start
where s.stream_id like 's%';

-- With an unknown window nothing is cut. No prompt waits for those that still run.
delete from relay.generations where stream_id like 'again%';
update public.bots set context_tokens = null;
select is(jsonb_array_length(tests.call_begin('owner', 'all', 'Go on!', conversation => 'tale', rate_limit => 999, max_concurrent => 99) -> 'context'),
  81, 'the whole path is sent');
select is(left_out, 0, 'and nothing is left out') from relay.generations where stream_id = 'all';
-- A larger one has room for what was left out.
delete from relay.generations where stream_id = 'all';
update public.bots set context_tokens = 100000;
select tests.call_begin('owner', 'large', 'Go on!', conversation => 'tale', rate_limit => 999,
  max_concurrent => 99);
select is(left_out, 0, 'a window that has grown holds the whole path again') from relay.generations
where stream_id = 'large';

select * from finish(); rollback;
