begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
create temp table begun as
select tests.call_begin('owner', 'second', 'Go on!', conversation => 'tale') as answer;

select is(answer ->> 'parent_id', answer ->> 'user_message_id', 'the reader went on below the part') from begun;
select tests.call_finish('first', 'Once upon a time.');
select is(tests.leaf_of('tale'), 'Go on!', 'and stays there');
select is(parent.content, 'Once upon a time.', 'below what is whole now')
from public.messages child join public.messages parent on parent.id = child.parent_id
where child.content = 'Go on!';
select tests.call_finish('second', 'They lived.');
select is(tests.leaf_of('tale'), 'They lived.', 'the answer is the active leaf then');

select * from finish();
rollback;
