begin; select plan(9);
select tests.given_tale('owner');
savepoint start;

-- A strangers is like one that does not exist.
select tests.make_user('stranger');
select tests.given_generation('running', 'owner');
select tests.given_text('running', 'Once');
select tests.given_generation('ended', 'owner', 'completed');
select tests.given_expired('left-behind', 'owner');
select tests.given_message('stored', 'tale', 'second answer', false, stream_id => 'stored');
create temp table before as select tests.everything() as everything;
select is(tests.call_read('stranger', stream_id), 'null', 'not to be read: ' || stream_id)
  from unnest(array['running', 'ended', 'left-behind', 'stored', 'unknown']) as stream_id;
select is(tests.everything(), everything, 'nothing has changed, nothing was swept') from before;

rollback to start; -- Never shows a fence or a key.
select tests.call_begin('owner', 'running', conversation => 'tale', fence => 'fence');
select tests.given_expired('swept', 'owner', 'Once', 'tale', 'second answer');
create temp table views as
  select tests.call_read('owner', stream_id) as view from unnest(array['running', 'swept']) as stream_id;
select is(count(g.fence), 2::bigint, 'there are fences to show') from relay.generations g;
select is(count(*), 0::bigint, 'neither is shown')
  from views, relay.generations g where view::text like '%' || g.fence || '%' or view -> 'generation' ? 'fence';
select is(count(*), 0::bigint, 'nor is the key') from views where view::text like '%key of bot%';

select * from finish(); rollback;
