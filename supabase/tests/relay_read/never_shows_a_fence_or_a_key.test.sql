begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'running', conversation => 'tale', fence => 'fence');
select tests.given_expired('swept', 'owner', 'Once', 'tale', 'second answer');
create temp table views as
select tests.call_read('owner', stream_id) as view from unnest(array['running', 'swept']) as stream_id;

select is(count(g.fence), 2::bigint, 'there are fences to show') from relay.generations g;
select is(count(*), 0::bigint, 'neither is shown')
from views, relay.generations g where view::text like '%' || g.fence || '%' or view -> 'generation' ? 'fence';
select is(count(*), 0::bigint, 'nor is the key') from views where view::text like '%key of bot%';

select * from finish();
rollback;
