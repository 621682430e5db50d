begin;
select plan(6);

select tests.given_tale('owner');
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

select * from finish();
rollback;
