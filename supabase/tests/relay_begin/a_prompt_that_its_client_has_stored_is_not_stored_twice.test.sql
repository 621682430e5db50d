begin; select plan(11);
select tests.given_tale('owner');
savepoint start;

-- The client has stored it without a parent, after all else.
select tests.given_message('own', 'tale', content => e' And\r\nthen? ');
update public.messages set created_at = now() + interval '1 minute' where id = tests.key('own');
savepoint stored;
create temp table begun as select tests.call_begin('owner', 'a', e'And\nthen?', conversation => 'tale') as answer;
select is(answer ->> 'user_message_id', tests.key('own')::text, 'the client''s message is the prompt') from begun;
select is(count(*), 7::bigint, 'no message was added') from public.messages;
select is(m.parent_id, tests.key('second answer'), 'it hangs below the leaf that was active')
  from public.messages m where m.id = tests.key('own');
select is(tests.leaf_of('tale'), e' And\r\nthen? ', 'and is the active leaf now');
select is(answer -> 'context' -> -1 ->> 'content', e' And\r\nthen? ', 'the context ends with what is stored') from begun;
select is(jsonb_array_length(answer -> 'context'), 5, 'and has the path to it') from begun;

rollback to stored; -- Where it could be another one, the prompt is stored.
create temp table cases (name text, change text);
insert into cases values
  ('answered', $$ select tests.given_message('answer', 'tale', 'own', false, 'Yes.') $$),
  ('being answered', $$ select tests.given_generation('other', 'owner', conversation => 'tale', parent => 'own');
    update relay.generations set leaf_id = tests.key('other question') $$),
  ('the bot''s', $$ update public.messages set is_user_author = false where id = tests.key('own') $$),
  ('another text', $$ update public.messages set content = 'And then' where id = tests.key('own') $$),
  ('older', $$ update public.messages set created_at = now() - interval '1 day' where id = tests.key('own') $$),
  ('in another branch', $$ update public.messages set parent_id = tests.key('other question')
    where id = tests.key('own') $$);
create function pg_temp.stored_after(change text) returns bigint language plpgsql as $$
declare
  v_before bigint;
begin
  execute change;
  select count(*) into v_before from public.messages;
  perform tests.call_begin('owner', 'a', 'And then?', conversation => 'tale', rate_limit => 100);
  raise sqlstate 'UNDO1' using message = (select count(*) - v_before from public.messages);
exception when sqlstate 'UNDO1' then
  return sqlerrm::bigint;
end
$$;
update public.messages set content = 'And then?' where id = tests.key('own');
select results_eq($$ select name, pg_temp.stored_after(change) from cases order by name $$,
  $$ select name, 1::bigint from cases order by name $$, 'what was answered, or is another, is not the prompt');
select is(pg_temp.stored_after('select 1'), 0::bigint, 'and without these it is');
select is(pg_temp.stored_after($$ select tests.given_active_leaf('tale', 'own') $$), 0::bigint,
  'so it is where the client has moved the active leaf');
select is(pg_temp.stored_after($$ update public.messages set parent_id = tests.key('second answer')
  where id = tests.key('own') $$), 0::bigint, 'and where the client has given it a parent');
select isnt(tests.call_begin('owner', 'a', 'And then?', parent => 'second answer') ->> 'user_message_id',
  tests.key('own')::text, 'a parent that is named is a place for a new message');

select * from finish(); rollback;
