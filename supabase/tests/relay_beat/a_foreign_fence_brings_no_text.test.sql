begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_text('first', 'Once');
create temp table before as select tests.everything() as everything;

select is(
  tests.call_beat(
    array['first'], array[fence], starts => array[4], ends => array[9], texts => array[' upon']
  ),
  '{"lost": ["first"], "stored": {}, "cancelled": []}', description
)
from (values
  (tests.id('foreign'), 'it is lost to who shows another fence, and where the text ends is not told'),
  (null, 'and to who shows none')
) as foreigner (fence, description);
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
