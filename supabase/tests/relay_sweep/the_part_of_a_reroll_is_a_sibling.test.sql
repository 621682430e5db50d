begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', reroll_of => 'second answer');
select tests.call_beat('first', 0, 4, 'Once');
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();

select is(parent_id, tests.id('second question'), 'it stands beside the old version')
from public.messages where stream_id = 'first';
select is(tests.leaf_of('tale'), 'Once', 'it is the active leaf');
select is(content, 'second answer', 'the old version is as it was')
from public.messages where id = tests.id('second answer');

select * from finish();
rollback;
