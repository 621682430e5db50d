begin; select plan(19);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('private bot', 'owner');
select tests.given_share('bot', 'friend');
create function pg_temp.import(
  parents integer[], by_user boolean[], bots text[] default '{}', reasons text[] default '{}', at timestamptz[] default '{}',
  contents text[] default null, active integer default null
) returns text language plpgsql as $$
declare
  v_id text;
begin
  perform tests.sign_in_as('friend');
  v_id := public.import_conversation('Taken in', tests.key('private bot')::text, parents,
    coalesce(contents, (select array_agg('m' || i order by i) from generate_series(1, cardinality(by_user)) i)),
    array(select case when b then 'user' else 'bot' end from unnest(by_user) with ordinality u (b, i) order by i),
    bots || array_fill(null::text, array[cardinality(by_user) - cardinality(bots)]),
    reasons || array_fill(null::text, array[cardinality(by_user) - cardinality(reasons)]),
    array(select generate_series(1, cardinality(by_user))),
    at || array_fill(null::timestamptz, array[cardinality(by_user) - cardinality(at)]), active);
  perform tests.sign_out();
  return v_id;
end
$$;
savepoint start;

-- A whole tree.
select pg_temp.import('{null,1,1,2}', '{true,false,false,true}', array[null, tests.key('bot')::text, tests.key('private bot')::text],
  '{stop,stop,cancelled}', '{2020-01-01,2020-01-01,2020-01-01}', active => 3);
select results_eq($$ select m.content, p.content, m.is_user_author, m.is_complete, m.finish_reason, m.bot_id
  from public.messages m left join public.messages p on p.id = m.parent_id
  where m.user_id = tests.id('friend') order by m.content $$,
  $$ values ('m1', null, true, true, null, null), ('m2', 'm1', false, false, 'stop', tests.key('bot')),
    ('m3', 'm1', false, false, 'cancelled', null), ('m4', 'm2', true, true, null, null) $$,
  'each message has its parent, its author and its ending; a bot that the caller may not use is none');
select is((select array_agg(content order by created_at, id) from public.messages where parent_id is not null
  and user_id = tests.id('friend') and content in ('m2', 'm3')), '{m2,m3}', 'versions of the same time keep their order');
select is((select created_at from public.messages where content = 'm1'), '2020-01-01'::timestamptz, 'dates are kept');
select results_eq($$ select c.title, c.bot_id is null, m.content from public.conversations c
  join public.messages m on m.id = c.active_message_id where c.user_id = tests.id('friend') $$,
  $$ values ('Taken in', true, 'm3') $$, 'the active leaf is the one that is named');
select is_empty($$ select * from relay.generations $$, 'no generation has written it');

rollback to start; -- Memories.
select tests.sign_in_as('friend');
select public.import_conversation('', null, '{null,1}', '{m1,m2}', '{user,bot}', '{null,null}', '{null,stop}', '{}', '{null,null}', 2,
  '{null,"Of both"}');
select results_eq($$ select m.content, k.content from public.memories k join public.messages m on m.id = k.message_id $$,
  $$ values ('m2', 'Of both') $$, 'a memory ends with its message');
select throws_ok($$ select public.import_conversation('', null, '{null}', '{m1}', '{user}', '{null}', '{null}', '{}', '{null}', 1,
  '{}') $$, '23514', null, 'memories have an entry for each message, too');
select throws_ok($$ select public.import_conversation('', null, '{null}', '{m1}', '{user}', '{null}', '{null}', '{}', '{null}', 1,
  '{" "}') $$, '23514', 'Cannot import the story: an entry of "memories" is blank', 'and none that is blank');
select throws_ok($$ select public.import_conversation('', null, array_fill(null::integer, array[6]),
  array_fill(repeat('x', 1000000), array[6]), array_fill('user'::text, array[6]), array_fill(null::text, array[6]),
  array_fill(null::text, array[6]), '{}', array_fill(null::timestamptz, array[6]), 1, array_fill(repeat('x', 1000000), array[6])) $$,
  '23514', null, 'and count among the characters');
select tests.sign_out();

rollback to start; -- Bounds.
select pg_temp.import('{null}', '{true}', at => array[now() + interval '1 day']);
select is((select created_at from public.messages where content = 'm1'), now(), 'a future date becomes the present');
rollback to start; -- Dates that a client cannot read.
select pg_temp.import('{null,null,null}', '{false,false,false}', at => '{-infinity,"4000-01-01 BC",-infinity}');
select is(min(extract(year from created_at at time zone 'UTC')), 1000::numeric, 'one that is far too old or infinite is of the year 1000')
  from public.messages where user_id = tests.id('friend');
select is(array_agg(content order by created_at, id), '{m1,m2,m3}', 'and versions keep their order')
  from public.messages where user_id = tests.id('friend');
select throws_ok($$ select tests.sign_in_as('friend'), public.import_conversation('', null, '{null}', '{m1}', '{bot}', '{null}',
  '{null}', '{1,1}', '{null}', null) $$, '23514', null, 'no more places are incomplete than there are');
select tests.sign_out();
select throws_ok($$ select pg_temp.import('{1}', '{true}') $$, '23514', null, 'no message is its own parent');
select throws_ok($$ select pg_temp.import('{null,3,null}', '{true,false,true}') $$, '23514', null, 'a parent comes first');
select throws_ok($$ select pg_temp.import('{null,1}', '{true}') $$, '23514', null, 'lists have the same length');
select throws_ok($$ select pg_temp.import(array_fill(null::integer, array[10001]), array_fill(true, array[10001])) $$,
  '23514', null, 'there are at most 10,000 messages');
select throws_ok($$ select pg_temp.import(array_fill(null::integer, array[11]), array_fill(true, array[11]),
  contents => array_fill(repeat('x', 1000000), array[11])) $$, '23514', null, 'of at most 10,000,000 characters');
select throws_ok($$ select pg_temp.import('{null}', '{false}', reasons => array[repeat('x', 101)]) $$,
  '23514', null, 'a column''s own bound holds');

select * from finish(); rollback;
