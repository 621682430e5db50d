begin; select plan(11);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
-- A room of 4,050 bytes, and messages of 200.
update public.bots set context_tokens = 2000, system_prompt = null;
select tests.given_conversation('tale', 'owner', 'bot');
select tests.given_turns('tale', 20, 188);
select tests.given_memory('a10', 'ten turns');
create temp view cut as
  select g.stream_id, (select 'p' || n from generate_series(1, 20) n where tests.key('p' || n) = g.context_start) as start,
    g.context_messages as sent, g.left_out, g.memory_id, g.context_bytes
  from relay.generations g;
create function pg_temp.begun(stream_id text) returns jsonb language sql as $$
  select tests.call_begin('owner', begun.stream_id, 'Go on!', conversation => 'tale', rate_limit => 99)
$$;

select is(pg_temp.begun('far') #>> '{memory,content}', 'ten turns', 'a memory beyond the room is sent all the same');
select results_eq('select start, sent, left_out from cut', $$ values ('p17', 9, 32) $$,
  'and the text is cut, with a gap between');
select is(context_bytes, 12 + 9 + 53 + 8 * 200 + 18::bigint, 'its bytes count, and those of its heading') from cut;
select tests.call_finish('far', repeat('y', 188));
select tests.given_memory('a12', 'twelve turns');
select is(pg_temp.begun('near') #>> '{memory,content}', 'twelve turns', 'a nearer one');
select results_eq($$ select start, sent, left_out from cut where stream_id = 'near' $$, $$ values ('p13', 19, 24) $$,
  'closes it, although the last context began later');
select is(answer -> 'memory', jsonb_build_object('message_id', tests.key('a12'), 'characters', 12, 'bytes', 65),
  'a preview has it by its size')
from (select tests.call_begin('owner', 'p', 'Go on!', conversation => 'tale', parent => 'a20', preview => true) as answer) p;
select tests.call_finish('near', repeat('y', 188));

update public.memories set content = repeat('x', 20000) where message_id = tests.key('a12');
select is(pg_temp.begun('large') ->> 'code', 'context_exceeded', 'it is never cut away');
delete from public.memories where message_id = tests.key('a12');
select is(pg_temp.begun('again') #>> '{memory,content}', 'ten turns', 'without it the one before is back');
select tests.call_finish('again', repeat('y', 188));

-- Where no window is known the text is not cut.
update public.bots set context_tokens = null;
select pg_temp.begun('unknown');
select results_eq($$ select start, sent, left_out from cut where stream_id = 'unknown' $$, $$ values ('p11', 27, 20) $$,
  'the path begins behind the memory');
select tests.call_finish('unknown', repeat('y', 188));
update public.memories set content = repeat('x', 5000);
select is(tests.call_begin('owner', 'bound', 'Go on!', conversation => 'tale', max_context => 8000, rate_limit => 99)
  -> 'characters', '9542', 'its characters count for the bound of a context');
delete from public.memories;
select is(jsonb_array_length(pg_temp.begun('all') -> 'context'), 49, 'and without one the whole path is sent');

select * from finish(); rollback;
